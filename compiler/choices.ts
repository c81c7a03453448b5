/** What can be chosen of the compiler, as names alone: the command line and its completion load this and nothing behind it. */

/** What a choice is to have few of, as long as the board has cores enough. */
export const FAVOURS = ['balance', 'cores', 'messages'] as const;

export const STRATEGIES = ['auto', 'lava', 'token-major', 'channel-major'] as const;

export const EFFORTS = ['fast', 'normal', 'max'] as const;

export const SOMA_ARITHMETIC = ['tables', 'multiply'] as const;

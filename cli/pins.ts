/** The file of pins that a user names. */
import { type Pin, parsePins } from '../compiler/placement/pins.ts';
import { readBytes } from './data.ts';

/** Errors: E0101, E0520. */
export const readPins = (path: string): readonly Pin[] =>
  parsePins(new TextDecoder().decode(readBytes(path)), path);

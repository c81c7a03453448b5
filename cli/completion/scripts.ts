/** What shells are told: they ask snnc itself for each word (complete.ts), so that a script never grows old. */

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** The argument by which a script asks; the words follow. */
export const ASK = '--words';

/** Colons and equal signs end a word for readline, so that what stands before them is not given back to it. */
const BASH = `# snnc completion bash >> ~/.bashrc
_snnc() {
  local line="\${COMP_LINE:0:COMP_POINT}" current prefix word
  local -a words
  read -r -a words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  current="\${words[\${#words[@]}-1]}"
  prefix="\${current%"\${current##*[:=]}"}"
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    COMPREPLY+=("\${word#"$prefix"}")
  done < <("\${words[0]}" completion ${ASK} "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _snnc snnc
`;

const ZSH = `#compdef snnc
# snnc completion zsh > "\${fpath[1]}/_snnc", or: source <(snnc completion zsh)
_snnc() {
  local -a described
  local word says
  while IFS=$'\\t' read -r word says; do
    described+=("\${word//:/\\\\:}\${says:+:$says}")
  done < <("\${words[1]}" completion ${ASK} "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#described} )); then
    _describe 'snnc' described
  else
    _files
  fi
}
if [[ $funcstack[1] == _snnc ]]; then _snnc "$@"; else compdef _snnc snnc; fi
`;

const FISH = `# snnc completion fish > ~/.config/fish/completions/snnc.fish
function __snnc_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l found ($words[1] completion ${ASK} $words[2..-1] 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c snnc -f -a '(__snnc_complete)'
`;

export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

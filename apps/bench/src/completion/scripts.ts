/** Shells that can be taught to complete words. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** One of {@link SHELLS}. */
export type Shell = (typeof SHELLS)[number];

/** The hidden word that answers what could follow. */
export const COMPLETE = "__complete";

/** Each asks the program itself, so that a new flag is known at once; files are offered too. */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# gpuvm-bench: source <(gpuvm-bench completions bash)
_gpuvm_bench() {
  local cur word brief
  cur="\${COMP_WORDS[COMP_CWORD]}"
  # A colon ends a word for bash, as in msm:soft: what stands before it is not offered again.
  local words=() joined="" i
  for ((i = 1; i <= COMP_CWORD; i++)); do
    if [[ "\${COMP_WORDS[i]}" == ":" || "$joined" == *: ]]; then joined+="\${COMP_WORDS[i]}"
    else [[ $i -gt 1 ]] && words+=("$joined"); joined="\${COMP_WORDS[i]}"; fi
  done
  words+=("$joined")
  COMPREPLY=()
  while IFS=$'\\t' read -r word brief; do
    [[ "$word" == "$joined"* ]] && COMPREPLY+=("\${word:$((\${#joined} - \${#cur}))}")
  done < <(gpuvm-bench ${COMPLETE} "\${words[@]}" 2>/dev/null)
  [[ "$cur" == -* || "$joined" == *:* ]] || while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
}
complete -o filenames -F _gpuvm_bench gpuvm-bench
`,
  zsh: `#compdef gpuvm-bench
# gpuvm-bench: source <(gpuvm-bench completions zsh)
_gpuvm_bench() {
  local -a proposals
  local word brief
  while IFS=$'\\t' read -r word brief; do
    proposals+=("\${word//:/\\\\:}:$brief")
  done < <(gpuvm-bench ${COMPLETE} "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#proposals} )) && _describe 'gpuvm-bench' proposals
  [[ "\${words[CURRENT]}" == -* ]] || _files
}
compdef _gpuvm_bench gpuvm-bench
`,
  fish: `# gpuvm-bench: gpuvm-bench completions fish | source
complete -c gpuvm-bench -a '(gpuvm-bench ${COMPLETE} (commandline -opc)[2..-1] (commandline -ct))'
`,
};

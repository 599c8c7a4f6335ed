/** The kernel's side tells a VM at the beginning of its end, which puts the VM's resv object. */
export function inOrder(freed: readonly string[]): string[] {
  const out = [...freed];
  for (let i = 1; i < out.length; i++) {
    const [before = "", vm = ""] = out.slice(i - 1, i + 1);
    if (before.startsWith("resv") && before.slice(4) === vm.slice(2)) out.splice(i - 1, 2, vm, before);
  }
  return out;
}

declare module "functional-red-black-tree" {
  interface Iterator<K, V> {
    readonly valid: boolean;
    readonly key: K | undefined;
    readonly value: V | undefined;
    next(): void;
  }
  interface Tree<K, V> {
    readonly length: number;
    readonly begin: Iterator<K, V>;
    insert(key: K, value: V): Tree<K, V>;
    remove(key: K): Tree<K, V>;
    le(key: K): Iterator<K, V>;
    forEach(fn: (key: K, value: V) => unknown): void;
  }
  export default function createTree<K, V>(compare: (a: K, b: K) => number): Tree<K, V>;
}

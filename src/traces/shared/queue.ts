export type Batch<T> = { readonly items: readonly T[]; readonly sizes: readonly number[] };

/**
 * A queue bounded by count and bytes that drops its oldest items. All operations are amortised constant time: taken and
 * dropped items leave a gap at the front that is closed now and then.
 */
export function createQueue<T>(maxItems: number, maxBytes: number) {
  let items: (T | undefined)[] = [];
  let sizes: number[] = [];
  let head = 0;
  let bytes = 0;
  let dropped = 0;

  function shift(): T {
    const item = items[head] as T;
    items[head] = undefined;
    bytes -= sizes[head] ?? 0;
    head += 1;
    if (head > 1024 && head * 2 > items.length) {
      items = items.slice(head);
      sizes = sizes.slice(head);
      head = 0;
    }
    return item;
  }
  function size(): number {
    return items.length - head;
  }
  function trim(): void {
    while (size() > maxItems || (bytes > maxBytes && size() > 0)) {
      shift();
      dropped += 1;
    }
  }
  return {
    size,
    bytes: () => bytes,
    /** How many items were dropped so far. */
    dropped: () => dropped,
    push(item: T, itemBytes: number): void {
      items.push(item);
      sizes.push(itemBytes);
      bytes += itemBytes;
      trim();
    },
    /** Removes the oldest items, at least one where there is one. */
    take(maxCount: number, maxBatchBytes: number): Batch<T> {
      const taken: T[] = [];
      const takenSizes: number[] = [];
      let total = 0;
      while (size() > 0 && taken.length < maxCount) {
        const next = sizes[head] ?? 0;
        if (taken.length > 0 && total + next > maxBatchBytes) break;
        total += next;
        takenSizes.push(next);
        taken.push(shift());
      }
      return { items: taken, sizes: takenSizes };
    },
    /** Returns a batch to the front; it is the oldest, so it is what goes when there is no room. */
    putBack(batch: Batch<T>): void {
      items = [...batch.items, ...items.slice(head)];
      sizes = [...batch.sizes, ...sizes.slice(head)];
      head = 0;
      bytes += batch.sizes.reduce((sum, next) => sum + next, 0);
      trim();
    },
  };
}

/**
 * Like Promise.all, but waits until everything has settled before it throws the first failure in list order: nothing goes
 * on in the background after the caller has moved on, and which error is reported does not depend on timing.
 */
export async function allInOrder<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

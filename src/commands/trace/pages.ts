import type { Store } from '../../stores/store.ts';
import type { TraceFilter, TraceSummary } from '../../stores/trace-store.ts';

const PAGE = 200;

/** All traces that match, newest first, a page at a time. */
export async function* allTraces(store: Store, filter: TraceFilter): AsyncGenerator<TraceSummary> {
  let after: string | null = null;
  do {
    const page = await store.traces.list(filter, { limit: PAGE, ...(after === null ? {} : { after }) });
    yield* page.traces;
    after = page.next;
  } while (after !== null);
}

import { TRACE_VERSION } from '../full-trace.ts';
import { type Headers, isRemote, post } from '../shared/post.ts';
import type { TraceSink } from '../sink.ts';

export type HttpSinkOptions = { readonly url: string; readonly headers?: Headers };

/** Posts each batch as JSON: `{ schema_version, spans: [...] }`. Any 2xx means kept; 429, 502, 503, 504 are sent again. */
export function createHttpSink({ url, headers = {} }: HttpSinkOptions): TraceSink {
  return {
    name: 'http',
    leavesMachine: isRemote(url),
    write(spans, { signal }) {
      const body = JSON.stringify({ schema_version: TRACE_VERSION, spans });
      return post(url, body, { 'content-type': 'application/json', ...headers }, signal);
    },
    async close() {},
  };
}

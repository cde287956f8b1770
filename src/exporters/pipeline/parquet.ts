import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { JsonObject } from '../../core/json.ts';
import type { AtomicStream } from '../../platform/atomic-stream.ts';
import type { RowWriter } from './row-writer.ts';
import { type Shape, shaped } from './shape.ts';

/** Rows in one row group: what is held in memory at a time. */
const GROUP_ROWS = 1000;

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number];

/** Nested rows as Parquet: objects as structs, lists in the three-level form that Arrow, pandas and DuckDB read. */
export function createParquetWriter(stream: AtomicStream, shape: Shape): RowWriter {
  const columns = shape.kind === 'object' ? [...shape.fields] : [];
  const bytes = new ByteWriter();
  const drain = (): void => {
    stream.write(Uint8Array.prototype.slice.call(new Uint8Array(bytes.buffer, 0, bytes.index)));
    bytes.index = 0;
  };
  bytes.finish = drain;
  const writer = new ParquetWriter({
    writer: Object.assign(bytes, { flush: drain }),
    schema: [
      { name: 'root', num_children: columns.length },
      ...columns.flatMap(([name, field]) => elementsOf(name, field)),
    ],
    createdBy: 'apo',
  });
  let group: JsonObject[] = [];
  function flush(): void {
    if (group.length === 0) return;
    const columnData = columns.map(([name, field]) => ({ name, data: group.map((row) => shaped(field, row[name])) }));
    // Nothing here is asynchronous: the stream writes at once.
    void writer.write({ columnData, rowGroupSize: GROUP_ROWS });
    group = [];
  }
  return {
    write(row) {
      group.push(row);
      if (group.length >= GROUP_ROWS) flush();
    },
    commit() {
      flush();
      void writer.finish();
      stream.commit();
    },
    discard: stream.discard,
  };
}

function elementsOf(name: string, shape: Shape): SchemaElement[] {
  const optional = { name, repetition_type: 'OPTIONAL' } as const;
  switch (shape.kind) {
    case 'boolean':
      return [{ ...optional, type: 'BOOLEAN' }];
    case 'integer':
      return [{ ...optional, type: 'INT64' }];
    case 'number':
      return [{ ...optional, type: 'DOUBLE' }];
    case 'list':
      return [
        { ...optional, converted_type: 'LIST', num_children: 1 },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        ...elementsOf('element', shape.element),
      ];
    case 'object':
      if (shape.fields.size === 0) return [{ ...optional, type: 'BYTE_ARRAY', converted_type: 'UTF8' }];
      return [
        { ...optional, num_children: shape.fields.size },
        ...[...shape.fields].flatMap(([member, field]) => elementsOf(member, field)),
      ];
    default:
      return [{ ...optional, type: 'BYTE_ARRAY', converted_type: 'UTF8' }];
  }
}

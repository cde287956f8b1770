import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type {
  Exporter,
  PreferencePair,
  Rendered,
  RenderOptions,
  TrainingSample,
} from '../../src/exporters/exporter.ts';
import { findPairFault, findSampleFault } from '../../src/exporters/pipeline/validate.ts';
import { answerOf, promptOf } from '../../src/exporters/shared/render.ts';
import { conversations, sampleOf } from '../exporters/conversations.ts';

type Row = { readonly [key: string]: unknown };

/** What a format has to prove, with an independent reader of it: it throws where the real consumer would not take the row. */
export type ExporterExpectations = {
  readonly create: () => Exporter;
  readonly read: {
    readonly [purpose in 'sft' | 'dpo' | 'kto' | 'rft' | 'trajectory' | 'csv']?: (
      row: Row,
      sample: TrainingSample,
      options: RenderOptions,
    ) => void;
  };
};

const PURPOSES = ['sft', 'dpo', 'kto', 'rft', 'trajectory', 'csv'] as const;

/** The contract suite of every exporter, built in or not. */
export function describeExporter(name: string, { create, read }: ExporterExpectations): void {
  describe(`exporter ${name}`, () => {
    const exporter = create();
    const options = fc.record({ thinking: fc.constantFrom(...exporter.thinking), strings: fc.boolean() });

    it('names itself, its files and its modes', () => {
      expect(exporter.name).toBe(name);
      expect(exporter.files.length).toBeGreaterThan(0);
      expect(exporter.thinking).toContain('drop');
      expect(PURPOSES.filter((purpose) => exporter[purpose] !== undefined)).toEqual(
        PURPOSES.filter((purpose) => read[purpose] !== undefined),
      );
    });

    it.each(PURPOSES.filter((purpose) => read[purpose] !== undefined))(
      'writes %s rows that its consumer reads, for every sound conversation',
      (purpose) => {
        let written = 0;
        fc.assert(
          fc.property(conversations, conversations, options, (events, others, render) => {
            const sample = sampleOf({ events });
            const fault = findSampleFault(sample);
            if (fault !== undefined && purpose !== 'csv') return;
            const rendered = renderWith(exporter, purpose, sample, sampleOf({ events: others }), render);
            if (rendered === undefined || !rendered.ok) return;
            for (const row of rendered.rows) {
              written++;
              expect(JSON.parse(JSON.stringify(row))).toEqual(row);
              read[purpose]?.(row, sample, render);
            }
          }),
          { numRuns: 200 },
        );
        expect(written).toBeGreaterThan(20);
      },
    );

    it('leaves no thinking behind when it is to be dropped', () => {
      const sample = sampleOf();
      for (const purpose of PURPOSES) {
        const rendered = renderWith(exporter, purpose, sample, sampleOf(), { thinking: 'drop', strings: false });
        expect(JSON.stringify(rendered ?? '')).not.toContain('Rome is unknown.');
      }
    });

    it('gives the same rows for the same sample', () => {
      for (const purpose of PURPOSES) {
        const render = { thinking: exporter.thinking[0] ?? 'drop', strings: false };
        const [a, b] = [sampleOf(), sampleOf()].map((sample) =>
          renderWith(exporter, purpose, sample, sampleOf(), render),
        );
        expect(a).toEqual(b);
      }
    });
  });
}

function renderWith(
  exporter: Exporter,
  purpose: (typeof PURPOSES)[number],
  sample: TrainingSample,
  other: TrainingSample,
  options: RenderOptions,
): Rendered | undefined {
  switch (purpose) {
    case 'dpo': {
      const pair: PreferencePair = {
        ...sample,
        prompt: promptOf(sample),
        chosen: answerOf(sample),
        rejected: answerOf(other),
        tools: [...sample.tools, ...other.tools],
        origin: 'best-worst',
        scores: [1, 0],
      };
      return findPairFault(pair) === undefined ? exporter.dpo?.(pair, options) : undefined;
    }
    case 'kto':
      return exporter.kto?.({ ...sample, label: true }, options);
    case 'rft':
      return exporter.rft?.({ ...sample, reference: 'yes' }, options);
    default:
      return exporter[purpose]?.(sample, options);
  }
}

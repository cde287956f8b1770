import { expect } from 'vitest';
import createCsv from '../../src/exporters/csv.ts';
import { describeExporter } from '../contracts/exporter.ts';

describeExporter('csv', {
  create: createCsv,
  read: {
    csv(row) {
      expect(Object.values(row).every((value) => value === null || typeof value !== 'object')).toBe(true);
      expect(Object.keys(row).slice(0, 3)).toEqual(['id', 'source', 'task']);
    },
  },
});

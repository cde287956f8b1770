import type { ExportFlags } from './options.ts';

export async function exportRegressions(_flags: ExportFlags): Promise<void> {}

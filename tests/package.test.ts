import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { repositoryPath, runProcess } from './helpers/process.ts';

it('holds everything that its README points to', async () => {
  const { code, stdout, stderr } = await runProcess('npm', ['pack', '--dry-run', '--json', '--ignore-scripts']);
  expect(code, stderr).toBe(0);
  const [packed]: [{ files: { path: string }[] }] = JSON.parse(stdout);
  const paths = packed.files.map(({ path }) => path);
  const links = [...readFileSync(repositoryPath('README.md'), 'utf8').matchAll(/\]\(([^):#]+)\)/g)].map(([, to]) => to);
  expect(links.length).toBeGreaterThan(3);
  expect(links.filter((to) => !paths.some((path) => path === to || path.startsWith(`${to}/`)))).toEqual([]);
});

// A process that replaces a file: `node write-child.js FILE SIZE`. Reports one JSON line on stdout.
import { writeFileAtomic } from '../../dist/platform/files.js';

const [path, size] = process.argv.slice(2);
try {
  writeFileAtomic(path, 'x'.repeat(Number(size)));
  console.log('{}');
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message }));
}

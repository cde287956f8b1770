// A process that replaces a file: `node write-child.js FILE SIZE`. Reports one JSON line on stdout: the error, or by how many
// bytes the process was larger at most than it was before.
import { writeFileAtomic } from '../../dist/platform/files.js';

const [path, size] = process.argv.slice(2);
const before = process.memoryUsage.rss();
try {
  writeFileAtomic(path, 'x'.repeat(Number(size)));
  console.log(JSON.stringify({ added: process.resourceUsage().maxRSS * 1024 - before }));
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message }));
}

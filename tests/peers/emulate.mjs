// GitHub, Slack and Linear of a third party, each on a free port. Usage: node emulate.mjs MODULES SEED
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [modules, seed] = process.argv.slice(2);
const { createEmulator } = await import(pathToFileURL(`${modules}/emulate/dist/api.js`));
for (const service of ['github', 'slack', 'linear']) {
  const { url } = await createEmulator({ service, port: 0, hostname: '127.0.0.1', seed: JSON.parse(readFileSync(seed)) });
  console.log(`${service} listening on http://127.0.0.1:${new URL(url).port}`);
}

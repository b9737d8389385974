// Writes src/api/schema.d.ts from the OpenAPI file, or with --check fails when the committed file is another.
import { readFile, writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';

const contract = new URL('../../api/openapi.yaml', import.meta.url);
const target = new URL('../src/api/schema.d.ts', import.meta.url);

const banner = '// Generated from api/openapi.yaml by `npm run types`. Do not edit.\n\n';
const fresh = banner + astToString(await openapiTS(contract));

if (process.argv.includes('--check')) {
  const committed = await readFile(target, 'utf8').catch(() => '');
  if (committed !== fresh) {
    console.error(
      'ui/src/api/schema.d.ts does not match api/openapi.yaml. Run `npm run types` and commit the result.',
    );
    process.exit(1);
  }
} else {
  await writeFile(target, fresh);
}

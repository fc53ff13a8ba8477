// Everything that the official TypeScript SDK sees in a project, as JSON: `read_job.mjs FOLDER PROJECT REFS FILE`,
// where REFS are texts of refs with commas between.

import {writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';

const [folder, project, refs, file] = process.argv.slice(2);
const weave = createRequire(join(folder, 'package.json'))('weave');

const client = await weave.init(project);
const calls = {};
for await (const call of client.getCallsIterator({}, true)) calls[call.id] = call;

async function read(uri) {
  const value = await client.get(weave.ObjectRef.fromUri(uri));
  if (!(value instanceof weave.Dataset)) return value;
  const rows = [];
  for (let i = 0; i < (await value.length); i++) rows.push(await value.getRow(i));
  return {name: value.name, rows};
}

const objects = {};
for (const uri of refs.split(',')) objects[uri] = await read(uri);
writeFileSync(file, JSON.stringify({calls, objects}));

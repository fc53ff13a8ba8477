// The basic job, done by the official TypeScript SDK: `official_job.mjs FOLDER PROJECT FILE`, where FOLDER
// has it installed. It checks what it reads back by itself and ends with an error when that is wrong; what
// the other side needs to know goes to FILE as JSON.

import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';

const [folder, project, file] = process.argv.slice(2);
const load = createRequire(join(folder, 'package.json'));
const weave = load('weave');

const client = await weave.init(project);

const add = weave.op(async function add(a, b) {
  return a + b;
});
const outer = weave.op(async function outer(n) {
  return (await add(n, 1)) * 2;
});
const direct = weave.op(function direct(text) {
  return {text: text.toUpperCase(), parts: [1, null, 'é']};
});
const fail = weave.op(async function fail(text) {
  throw new Error(text);
});
const stream = weave.op(
  async function* stream(n) {
    for (let i = 0; i < n; i++) yield i;
  },
  {
    streamReducer: {
      initialStateFn: () => [],
      reduceFn: (state, value) => [...state, value],
      finalizeFn: () => {},
    },
  }
);

async function settled() {
  await client.waitForBatchProcessing();
}

function nameOf(call) {
  return call.op_name.split('/').pop().split(':')[0];
}

async function calls() {
  assert.equal(await weave.withAttributes({team: 'blue'}, () => outer(3)), 8);
  assert.equal((await direct('hi')).text, 'HI');
  await assert.rejects(fail('no'), /no/);
  const streamed = [];
  for await (const value of await stream(3)) streamed.push(value);
  assert.deepEqual(streamed, [0, 1, 2]);
  await settled();
  const found = Object.fromEntries((await client.getCalls()).map(call => [nameOf(call), call]));
  assert.deepEqual(Object.keys(found).sort(), ['add', 'direct', 'fail', 'outer', 'stream']);
  assert.equal(found.outer.output, 8);
  assert.equal(found.outer.attributes.team, 'blue');
  assert.equal(found.add.parent_id, found.outer.id);
  assert.equal(found.add.trace_id, found.outer.trace_id);
  assert.deepEqual(found.stream.output, [0, 1, 2]);
  assert.match(found.fail.exception, /no/);
  assert.equal((await client.getCall(found.direct.id)).output.text, 'HI');
  const roots = await client.getCalls({trace_roots_only: true});
  assert.equal(roots.length, 4);
  const few = await client.getCalls({trace_roots_only: true}, false, 2);
  assert.equal(few.length, 2);
  const each = [];
  for await (const call of client.getCallsIterator({})) each.push(call.id);
  assert.equal(each.length, 5);
  return found;
}

async function objects() {
  const settings = await client.publish({model: 'small', temperature: 0.5}, 'settings');
  assert.deepEqual(await client.get(settings), {model: 'small', temperature: 0.5});
  const prompt = new weave.StringPrompt({name: 'greeting', content: 'Hello {name}'});
  const prompted = await client.publish(prompt, 'greeting');
  const op = await client.publish(add);
  return {settings: settings.uri(), prompt: prompted.uri(), op: op.uri()};
}

async function dataset() {
  const rows = ['a', 'b', 'c'].map(each => ({question: each, expected: each + '!'}));
  const data = new weave.Dataset({name: 'questions', description: 'three', rows});
  const ref = await data.save();
  const read = await client.get(ref);
  assert.equal(read.name, 'questions');
  const questions = [];
  for (let i = 0; i < 3; i++) questions.push((await read.getRow(i)).question);
  assert.deepEqual(questions, ['a', 'b', 'c']);
  return {data, dataset: ref.uri()};
}

async function evaluations(data) {
  const right = weave.op(function right({modelOutput, datasetRow}) {
    return modelOutput === datasetRow.expected;
  });
  const model = weave.op(async function shout({datasetRow}) {
    return datasetRow.question + (datasetRow.question === 'c' ? '?' : '!');
  });
  const evaluation = new weave.Evaluation({name: 'shouting', dataset: data, scorers: [right]});
  const result = await evaluation.evaluate({model});
  assert.equal(result.right.true_count, 2, JSON.stringify(result));
  const logger = new weave.EvaluationLogger({name: 'by_hand', model: 'a_model', dataset: 'a_dataset'});
  const logged = await logger.logPredictionAsync({question: 'x'}, 'X');
  await logged.logScore('exact', true);
  await logged.finish();
  await logger.logSummary({accuracy: 1});
  await settled();
  return result;
}

async function feedback(found) {
  const runnable = `weave:///${project}/op/exact:*`;
  await client.addScore(found.direct.id, found.add.id, runnable, {right: true}).catch(() => {});
}

function media() {
  const pixel =
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  const image = weave.weaveImage({data: Buffer.from(pixel, 'base64'), imageType: 'png'});
  return weave.op(async function picture() {
    return image;
  })();
}

const found = await calls();
const published = await objects();
const {data, dataset: datasetRef} = await dataset();
const result = await evaluations(data);
const evaluation = (await client.getCalls()).find(call => call.display_name === 'shouting_shout');
await feedback(found);
await media();
await settled();
writeFileSync(
  file,
  JSON.stringify({
    version: JSON.parse(readFileSync(join(folder, 'node_modules/weave/package.json'))).version,
    outer: found.outer.id,
    direct: found.direct.id,
    ...published,
    dataset: datasetRef,
    result,
    evaluation: evaluation.id,
    calls: (await client.getCalls()).length,
  })
);

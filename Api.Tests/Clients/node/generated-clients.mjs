import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createClient } from '@hey-api/openapi-ts'
import openApiZodClient from 'openapi-zod-client'
import ts from 'typescript'
import { answer } from './lines.mjs'

/** By the client's name, what finds the schema of an answer. */
const clients = {}

const nothing = { safeParse: body => ({ success: body === undefined, error: { message: 'There is a body.' } }) }

await answer({
  /** Makes the clients of an OpenAPI document: TypeScript of each generator, compiled and loaded. */
  async generate({ document }) {
    // Beside what it imports.
    const folder = await mkdtemp(join(import.meta.dirname, 'node_modules', '.generated-'))
    try {
      clients['@hey-api/openapi-ts'] = await generateHeyApi(document, folder)
      clients['openapi-zod-client'] = await generateOpenApiZod(document, folder)
    } finally {
      await rm(folder, { recursive: true })
    }

    return Object.keys(clients)
  },

  /** What each client refuses of answers {id, path, method, status, type, body}. */
  refusals: ({ answers }) => answers.flatMap((given, index) => Object.entries(clients).flatMap(([client, find]) => {
    const schema = find(given)
    const body = given.body === '' ? undefined : JSON.parse(given.body)
    const read = schema?.safeParse(body) ?? { success: false, error: { message: `It knows no answer with ${given.status}.` } }
    return read.success ? [] : [{ client, index, message: describe(read.error) }]
  })),
})

async function generateHeyApi(document, folder) {
  const path = join(folder, 'hey-api')
  await createClient({
    input: document,
    output: { path },
    logs: { level: 'silent', file: false },
    plugins: [{
      name: 'zod',
      dates: { offset: true },
      '~resolvers': {
        object({ nodes, schema }) {
          // It passes over additionalProperties: false.
          const object = nodes.base(arguments[0])
          return schema.additionalProperties?.type === 'never' ? object.attr('strict').call() : object
        },
        number({ nodes, schema, $, symbols }) {
          // It would take a text for an int64.
          return schema.format === 'int64' ? $(symbols.z).attr('int').call() : undefined
        },
      },
    }],
  })
  const schemas = await load(await readFile(join(path, 'zod.gen.ts'), 'utf8'), join(path, 'zod.gen.mjs'))
  return ({ id, path, method, status, type }) => {
    const response = document.paths[path][method.toLowerCase()].responses[status]
    const reference = response?.content?.[type]?.schema?.$ref
    return response === undefined ? undefined
      : response.content === undefined ? nothing
      : reference === undefined ? schemas[`z${id}Response`] : schemas[`z${reference.split('/').at(-1)}`]
  }
}

async function generateOpenApiZod(document, folder) {
  const { endpoints, schemas } = openApiZodClient.getZodClientTemplateContext(document, { withAlias: true, strictObjects: true, isMediaTypeAllowed })
  const code = [
    // As it is written for: version 4 has it still.
    "import { z } from 'zod/v3'",
    ...Object.entries(schemas).map(([name, schema]) => `const ${name} = ${schema}`),
    'export const endpoints = {',
    ...endpoints.map(({ alias, response, errors }) =>
      `${alias}: { success: ${response}, ${errors.map(({ status, schema }) => `${status}: ${schema}`).join(', ')} },`),
    '}',
  ].join('\n')
  const { endpoints: generated } = await load(code, join(folder, 'openapi-zod.mjs'))
  return ({ id, status }) => status < 300 ? generated[id]?.success : generated[id]?.[status]
}

function describe({ issues, message }) {
  return issues?.map(issue => `${issue.path.join('.')}: ${issue.message}`).join('; ') ?? message
}

function isMediaTypeAllowed(type) {
  return type === 'application/json' || type === 'application/problem+json'
}

async function load(code, file) {
  const { outputText } = ts.transpileModule(code, { compilerOptions: { target: 'es2022', module: 'esnext' } })
  await writeFile(file, outputText)
  return import(pathToFileURL(file))
}

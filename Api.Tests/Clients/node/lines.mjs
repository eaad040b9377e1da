// The tests speak with a script over its standard streams: one call a line, one answer a line, in the same order.
// {"call": "refresh", "with": {…}} is answered by {"result": …}, or by {"error": {…}} where the call throws.
import { createInterface } from 'node:readline'

/** Answers calls by functions of those names until the standard input ends. */
export async function answer(functions) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { call, with: given } = JSON.parse(line)
    let answer
    try {
      answer = { result: (await functions[call](given ?? {})) ?? null }
    } catch (failure) {
      answer = { error: describe(failure) }
    }

    process.stdout.write(JSON.stringify(answer) + '\n')
  }
}

/** What a client tells about a failure: the OAuth error where there is one, and all messages down to the cause. */
function describe(failure) {
  const messages = []
  for (let cause = failure; cause instanceof Error; cause = cause.cause) {
    messages.push(`${cause.name}: ${cause.message}`)
  }

  return {
    error: failure?.error ?? null,
    description: failure?.error_description ?? null,
    message: messages.join(' ← ') || String(failure),
    stack: failure?.stack ?? null,
  }
}

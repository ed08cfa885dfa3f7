// Bills orders, with the client that openapi-typescript and openapi-fetch make of the description: billing.ts URL TOKEN.
//
// It goes on where its last append says that it was, and ends when the orders are closed. Its answer is one line of JSON, with what it went through.

import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Event = components["schemas"]["Event"];
type Commit = components["schemas"]["Commit"];
type Problem = components["schemas"]["Problem"];

const source = "billing";
const counts = { cut: 0, duplicates: 0, billed: 0, caughtUp: 0, began: 0, pages: 0, read: 0, refused: "" };
const [url, token] = process.argv.slice(2) as [string, string];
const client = createClient<paths, "application/json" | "application/problem+json">({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });

interface Answer<T> {
	data?: T;
	error?: Problem;
}

// untilAnswered repeats a call until its answer is whole. What it does must bear that: reads do, and appends with a key.
async function untilAnswered<T>(call: () => Promise<Answer<T>>): Promise<Answer<T>> {
	for (;;) {
		try {
			const answer = await call();
			if (answer.error?.status !== 429 && answer.error?.status !== 503) return answer;
			await new Promise((resolve) => setTimeout(resolve, 1000));
		} catch {
			counts.cut++;
		}
	}
}

function well<T>(answer: Answer<T>): T {
	if (answer.data === undefined) throw new Error(`${answer.error?.code}: ${answer.error?.detail}`);
	return answer.data;
}

// messages yields the server-sent events of an answer; one that is not whole is none.
async function* messages(body: ReadableStream<Uint8Array>) {
	const decoder = new TextDecoder();
	let text = "";
	for await (const piece of body as unknown as AsyncIterable<Uint8Array>) {
		text += decoder.decode(piece, { stream: true });
		for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
			const message = { event: "", data: "", id: "" };
			for (const line of text.slice(0, end).split("\n")) {
				const colon = line.indexOf(": ");
				const name = line.slice(0, colon);
				if (name === "event" || name === "data" || name === "id") message[name] += line.slice(colon + 2);
			}
			text = text.slice(end + 2);
			yield message;
		}
	}
}

// follow yields the orders after a position, for good.
async function* follow(after: number): AsyncGenerator<Event> {
	let last = String(after);
	for (;;) {
		try {
			const answer = await client.POST("/v1/read", {
				params: { header: { "Last-Event-ID": last } },
				body: { query: [{ category: "order" }], follow: true },
				headers: { Accept: "text/event-stream" },
				parseAs: "stream",
			});
			if (!answer.response.ok || !answer.data) throw new Error(`status ${answer.response.status}`);
			for await (const message of messages(answer.data as ReadableStream<Uint8Array>)) {
				if (message.event === "event") yield JSON.parse(message.data) as Event;
				if (message.event === "caughtUp") counts.caughtUp++;
				if (message.event === "error") break;
				if (message.id) last = message.id;
			}
		} catch (problem) {
			if (!(problem instanceof TypeError)) throw problem; // a connection that broke is one
			counts.cut++;
		}
	}
}

// bill appends the bill of an order, once.
async function bill(order: Event) {
	const name = (order.stream ?? "").replace(/^order-/, "");
	const body: Commit = {
		events: [{ stream: `bill-${name}`, type: "Billed", data: { order: order.position, total: (order.data as { total: number }).total } }],
		guards: [{ streamAt: { stream: `bill-${name}`, version: 0 } }],
		tracking: { source, position: order.position },
	};
	const params = { header: { "Idempotency-Key": `bill-${order.position}` } };
	const result = well(await untilAnswered(() => client.POST("/v1/append", { params, body })));
	counts.duplicates += result.duplicate ? 1 : 0;
	counts.billed++;
}

// review reads all bills, page by page, and sees that another one is refused.
async function review() {
	let after = 0;
	let last = "";
	for (;;) {
		const page = well(
			await untilAnswered(() => client.GET("/v1/read", { params: { query: { query: "category=bill", after, limit: 3 } } })),
		);
		counts.pages++;
		counts.read += page.items.length;
		last = page.items.at(-1)?.stream ?? last;
		if (page.next === undefined) break;
		after = page.next;
	}
	const body: Commit = { events: [{ stream: last, type: "Billed" }], guards: [{ streamAt: { stream: last, version: 0 } }] };
	const { error } = await untilAnswered(() => client.POST("/v1/append", { body }));
	counts.refused = `${error?.code} ${error?.failed?.[0]?.actualVersion} ${error?.failed?.[0]?.events[0]?.type}`;
}

const done = well(await untilAnswered(() => client.GET("/v1/tracking/{source}", { params: { path: { source } } })));
counts.began = done.position;
for await (const order of follow(done.position)) {
	if (order.type === "OrdersClosed") break;
	await bill(order);
}
await review();
console.log(JSON.stringify(counts));
process.exit(0);

// The attempts of a delivery: what was answered, and where the time went.
import type { Attempt } from '../api/client';
import { Tag } from './Tag';
import { duration, When } from './time';

const causes: Record<NonNullable<Attempt['error_class']>, string> = {
  status: 'Answered with an error',
  blocked_target: 'Target not allowed',
  dns: 'Name not found',
  connection_refused: 'Connection refused',
  timeout: 'Timed out',
  tls: 'TLS failed',
  protocol: 'Not HTTP',
  body_too_large: 'Answer too large',
  cancelled: 'Cancelled',
  local: 'Herald could not send',
};

export function causeOf(errorClass: string | null): string {
  return (errorClass && causes[errorClass as keyof typeof causes]) || 'Failed';
}

/** "200" or the reason why there is no status. */
export function outcomeOf(attempt: Attempt | undefined): string {
  if (!attempt) return 'Not sent yet';
  return attempt.status === null ? causeOf(attempt.error_class) : `Status ${attempt.status}`;
}

/** What the server says of an attempt, which may be the middle of a sentence, as one of its own. */
export function inSentence(detail: string): string {
  const text = detail.charAt(0).toUpperCase() + detail.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

export function Attempts({ attempts }: { attempts: Attempt[] }) {
  if (attempts.length === 0) return <p className="dim small">No attempt is recorded yet.</p>;
  return (
    <div>
      {attempts.map((attempt) => (
        <OneAttempt key={attempt.number} attempt={attempt} />
      ))}
    </div>
  );
}

function OneAttempt({ attempt }: { attempt: Attempt }) {
  return (
    <section className="attempt" aria-label={`Attempt ${attempt.number}`}>
      <dl className="facts">
        <dt>Attempt {attempt.number}</dt>
        <dd>
          <Tag tone={attempt.succeeded ? 'good' : 'bad'}>{outcomeOf(attempt)}</Tag>{' '}
          <When at={attempt.started_at} />
          {attempt.recovered && ' · sent after a restart, may be a repetition'}
          {attempt.wire_sends > 1 && ` · sent ${attempt.wire_sends} times on the wire`}
        </dd>
        {attempt.detail && (
          <>
            <dt>What went wrong</dt>
            <dd>{inSentence(attempt.detail)}</dd>
          </>
        )}
        <dt>Time</dt>
        <dd>
          <Phases timings={attempt.timings} />
        </dd>
        {attempt.response_headers && (
          <>
            <dt>Answer</dt>
            <dd>
              <ResponseText attempt={attempt} />
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}

/** The API counts each moment from the start of the attempt; people ask how long each step took. */
function Phases({ timings }: { timings: Attempt['timings'] }) {
  const steps: [string, number][] = [];
  let reached = 0;
  for (const [name, at] of [
    ['DNS', timings.dns_us],
    ['connect', timings.connect_us],
    ['TLS', timings.tls_us],
    ['first byte', timings.first_byte_us],
  ] as const) {
    if (at <= reached) continue;
    steps.push([name, at - reached]);
    reached = at;
  }
  return (
    <span className="phases numbers">
      <span>{duration(timings.total_us)} in all</span>
      {steps.map(([name, us]) => (
        <span key={name} className="dim">
          {name} {duration(us)}
        </span>
      ))}
    </span>
  );
}

function ResponseText({ attempt }: { attempt: Attempt }) {
  const { response_headers: headers, response_body: body, response_body_cut: cut } = attempt;
  return (
    <pre className="request">
      {headers.trimEnd()}
      {body && `\n\n${body}`}
      {cut && '\n… (the rest was not kept)'}
    </pre>
  );
}

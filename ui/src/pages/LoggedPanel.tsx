// What became of an activity that was just logged: the record, then its webhook, live.
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { Anchor, Button, Group, Loader, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Check, CornerUpRight, X } from 'lucide-react';
import { Link } from 'react-router-dom';
import type { Delivery, LoggedActivity } from '../api/client';
import { sentence } from '../api/problem';
import { deliveryOfQuery } from '../api/queries';
import { Attempts, inSentence, outcomeOf } from '../parts/Attempts';
import { StateTag, type Tone } from '../parts/Tag';
import { Clock, duration } from '../parts/time';
import { isWebUrl } from '../parts/urls';
import { Redirecting } from './Redirecting';
import { RequestText } from './RequestPreview';

export function LoggedPanel({ logged, onAnother }: { logged: LoggedActivity; onAnother: () => void }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus();
  }, []);
  const { action, redirect_url: redirectUrl } = logged.submission_action;
  return (
    <section className="panel narrow-column" aria-labelledby="logged-heading">
      <Title order={2} size="h4" mb="md" id="logged-heading" tabIndex={-1} ref={heading}>
        {logged.activity_object.name} logged{withWhom(logged)}
      </Title>
      <ol className="story" aria-live="polite">
        <Step tone="good" mark={<Check size={14} strokeWidth={3} aria-hidden />}>
          <strong>Logged</strong> at <Clock at={logged.logged_at} />
          <div className="dim">
            by {logged.logged_by.display_name}, id <code>{logged.id}</code>
          </div>
        </Step>
        {action === 'trigger_webhook' ? (
          <WebhookSteps logged={logged} />
        ) : (
          <Step tone="calm" mark={<CornerUpRight size={14} aria-hidden />}>
            <strong>No webhook: this activity redirects</strong>
            {redirectUrl && isWebUrl(redirectUrl) ? (
              <Redirecting to={redirectUrl} />
            ) : (
              <div className="dim">It has no Redirect URL, so you stay here.</div>
            )}
          </Step>
        )}
      </ol>
      <Group gap="md">
        <Button onClick={onAnother}>Log another</Button>
        <Anchor component={Link} to="/" size="sm">
          Back to Activities
        </Anchor>
      </Group>
    </section>
  );
}

function withWhom(logged: LoggedActivity): string {
  const names = logged.associated_entities.map((entity) => entity.display_name);
  return names.length > 0 ? ` with ${names.join(', ')}` : '';
}

function WebhookSteps({ logged }: { logged: LoggedActivity }) {
  const [since] = useState(() => Date.now());
  const delivery = useQuery({
    ...deliveryOfQuery(logged.id),
    refetchInterval: (query) => nextLook(query.state.data, since),
  });
  const found = delivery.data ?? null;
  return (
    <>
      <Step
        tone={found ? 'good' : 'wait'}
        mark={
          found ? (
            <Check size={14} strokeWidth={3} aria-hidden />
          ) : (
            <Loader size={12} color="currentColor" aria-hidden />
          )
        }
      >
        <strong>Webhook request</strong>
        {found ? (
          <RequestText url={found.url} id={logged.id} />
        ) : (
          <div className="dim">Waiting for its delivery…</div>
        )}
        {delivery.isError && <div className="dim">{sentence(delivery.error)} Looking again.</div>}
      </Step>
      {found && <Outcome delivery={found} loggedAt={logged.logged_at} />}
    </>
  );
}

/** Looks often at first, then ever more seldom: the receiver has ten seconds. */
function nextLook(delivery: Delivery | null | undefined, since: number) {
  if (delivery && delivery.state !== 'pending') return false;
  const late = Math.max(0, Date.now() - since - 10_000);
  return Math.min(300 * 2 ** (late / 5_000), 10_000);
}

function Outcome({ delivery, loggedAt }: { delivery: Delivery; loggedAt: string }) {
  const last = delivery.attempts.at(-1);
  if (delivery.state === 'pending') {
    return (
      <Step tone="wait" mark={<Loader size={12} color="currentColor" aria-hidden />}>
        <StateTag state="pending" /> Waiting for the receiver’s answer…
      </Step>
    );
  }
  const failed = delivery.state === 'failed';
  const Mark = failed ? X : Check;
  return (
    <Step tone={failed ? 'bad' : 'good'} mark={<Mark size={14} strokeWidth={3} aria-hidden />}>
      <StateTag state={delivery.state} /> {outcomeOf(last)}
      {last && <> in {duration(last.timings.total_us)}</>}
      {delivery.finished_at && <>, {sinceLogged(loggedAt, delivery.finished_at)} after logging</>}
      {failed && (
        <div>
          {last && inSentence(last.detail)} See{' '}
          <Anchor component={Link} to="/notifications" size="sm">
            Notifications
          </Anchor>
          .
        </div>
      )}
      <details>
        <summary>
          {delivery.attempts.length === 1 ? '1 attempt' : `${delivery.attempts.length} attempts`} in detail
        </summary>
        <Attempts attempts={delivery.attempts} />
      </details>
    </Step>
  );
}

/** The API's times have microseconds, a Date has milliseconds. */
function sinceLogged(loggedAt: string, finishedAt: string): string {
  return duration(Math.max(0, Date.parse(finishedAt) - Date.parse(loggedAt)) * 1000);
}

function Step({ tone, mark, children }: { tone: Tone; mark: ReactNode; children: ReactNode }) {
  return (
    <li>
      <span className="story-mark" data-tone={tone}>
        {mark}
      </span>
      <div className="story-body">{children}</div>
    </li>
  );
}

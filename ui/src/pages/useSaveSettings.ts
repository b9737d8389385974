// Saving an activity's settings under the version that was read, and what follows from a refusal.
import { useState } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import {
  answered,
  api,
  type ActivityObject,
  type ChangeActivityObject,
  type SubmissionAction,
} from '../api/client';
import type { ApiError } from '../api/problem';
import { asApiError, sentence } from '../api/problem';
import { activitiesKey, activityKey, activityQuery } from '../api/queries';
import { hush, say } from '../parts/say';

export interface Values {
  name: string;
  description: string;
  default_submission_action: SubmissionAction;
  webhook_url: string;
  redirect_url: string;
}
export type Member = keyof Values;
export type Errors = Partial<Record<Member, string>>;
export const members: Member[] = [
  'name',
  'description',
  'default_submission_action',
  'webhook_url',
  'redirect_url',
];

export function useSaveSettings(object: ActivityObject, etag: string) {
  const cache = useQueryClient();
  const [errors, setErrors] = useState<Errors>({});
  const [before, setBefore] = useState<ActivityObject | null>(null);
  const [loading, setLoading] = useState(false);

  const change = useMutation({
    mutationFn: (changes: Partial<Values>) =>
      answered(
        api.PATCH('/api/activities/objects/{id}', {
          params: { path: { id: object.id }, header: { 'If-Match': etag } },
          body: bodyOf(changes),
        }),
      ),
    onSuccess: ({ data, response }) => {
      cache.setQueryData(activityKey(object.id), { object: data, etag: response.headers.get('ETag') ?? '' });
      void cache.invalidateQueries({ queryKey: activitiesKey });
      setBefore(null);
      say({ tone: 'good', title: `${data.name} saved`, text: consequenceOf(data) });
    },
  });

  /** Resolves to null when it was saved, else to what is wrong, by member. */
  const save = async (changes: Partial<Values>): Promise<Errors | null> => {
    hush();
    setErrors({});
    const failure = await change.mutateAsync(changes).then(
      () => null,
      (error: unknown) => ({ error }),
    );
    if (!failure) return null;
    const wrong = errorsIn(asApiError(failure.error));
    setErrors(wrong);
    return wrong;
  };

  const loadNewest = async () => {
    setLoading(true);
    try {
      await cache.fetchQuery({ ...activityQuery(object.id), staleTime: 0 });
      setBefore(object);
      change.reset();
    } catch (error) {
      say({ tone: 'bad', title: 'The newest version could not be loaded', text: sentence(error) });
    } finally {
      setLoading(false);
    }
  };

  /** After a conflict: what somebody else has set a member to that was also changed here. */
  const theirs = (member: Member, typed: string | undefined) => {
    const now = object[member] ?? '';
    if (!before || typed === undefined || now === (before[member] ?? '') || now === typed) return undefined;
    return `Somebody else has set this to ${labels[now] ?? (now ? `“${now}”` : 'nothing')}. Saving replaces it.`;
  };

  return {
    busy: change.isPending,
    error: change.error,
    errors,
    conflict: asApiError(change.error)?.status === 412,
    loading,
    save,
    loadNewest,
    theirs,
    forget: (member: Member) => setErrors((known) => ({ ...known, [member]: undefined })),
  };
}

const labels: Record<string, string> = { redirect: 'Redirect', trigger_webhook: 'Trigger Webhook' };

function bodyOf(changes: Partial<Values>): ChangeActivityObject {
  const body: ChangeActivityObject = { ...changes };
  if (changes.name !== undefined) body.name = changes.name.trim();
  if (changes.description !== undefined) body.description = changes.description.trim();
  if (changes.webhook_url !== undefined) body.webhook_url = changes.webhook_url.trim() || null;
  if (changes.redirect_url !== undefined) body.redirect_url = changes.redirect_url.trim() || null;
  return body;
}

function errorsIn(refusal: ApiError | null): Errors {
  const found: Errors = {};
  for (const member of members) {
    const detail = refusal?.field(`/${member}`);
    if (detail) found[member] = detail;
  }
  return found;
}

function consequenceOf(object: ActivityObject): string {
  return object.webhooks_enabled
    ? 'From now on, logging one sends a webhook.'
    : 'From now on, logging one sends no webhook.';
}

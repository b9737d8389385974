// The state of the settings form. What is typed lies over what the server has, member by member, so that the newest
// version can be loaded under it after a conflict and nothing that was typed is lost.
import { useRef, useState, type FormEvent } from 'react';
import type { ActivityObject } from '../api/client';
import { say } from '../parts/say';
import { members, useSaveSettings, type Errors, type Member, type Values } from './useSaveSettings';

export type Settings = ReturnType<typeof useSettings>;

export function useSettings(object: ActivityObject, etag: string) {
  const [typed, setTyped] = useState<Partial<Values>>({});
  const [lacking, setLacking] = useState<Errors>({});
  const form = useRef<HTMLFormElement>(null);
  const saving = useSaveSettings(object, etag);
  const saved = valuesOf(object);
  const values = { ...saved, ...typed };
  const changed = changesOf(saved, values);
  const dirty = Object.keys(changed).length > 0;

  const type = <M extends Member>(member: M, value: Values[M]) => {
    setTyped({ ...typed, [member]: value });
    setLacking({ ...lacking, [member]: undefined });
    saving.forget(member);
  };

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const missing = lackingIn(values);
    setLacking(missing);
    if (Object.keys(missing).length > 0) return focusFirst(form.current, missing);
    if (!dirty) return say({ tone: 'good', title: 'Nothing has changed', text: 'What you see is saved.' });
    if (saving.busy) return;
    const wrong = await saving.save(changed);
    if (wrong) focusFirst(form.current, wrong);
    else setTyped((now) => differing(now, typed));
  };

  return {
    form,
    saving,
    values,
    dirty,
    errors: { ...saving.errors, ...lacking },
    theirs: (member: Member) => saving.theirs(member, typed[member]),
    type,
    submit,
  };
}

function valuesOf(object: ActivityObject): Values {
  return {
    name: object.name,
    description: object.description,
    default_submission_action: object.default_submission_action,
    webhook_url: object.webhook_url ?? '',
    redirect_url: object.redirect_url ?? '',
  };
}

/** Of what can be seen in the form, that which differs. */
function changesOf(saved: Values, values: Values): Partial<Values> {
  const hidden = values.default_submission_action === 'redirect' ? 'webhook_url' : 'redirect_url';
  return differing({ ...values, [hidden]: saved[hidden] }, saved);
}

function differing(these: Partial<Values>, those: Partial<Values>): Partial<Values> {
  return Object.fromEntries(
    members.filter((member) => these[member] !== those[member]).map((member) => [member, these[member]]),
  );
}

/** What the form can tell without asking; everything else the server judges. */
function lackingIn(values: Values): Errors {
  const lacking: Errors = {};
  if (!values.name.trim()) lacking.name = 'Enter a name.';
  if (values.default_submission_action === 'trigger_webhook' && !values.webhook_url.trim()) {
    lacking.webhook_url = 'Enter the URL that the webhook is sent to.';
  }
  return lacking;
}

function focusFirst(form: HTMLFormElement | null, errors: Errors) {
  const first = members.find((member) => errors[member]);
  if (first) form?.querySelector<HTMLElement>(`[name="${first}"]`)?.focus();
}

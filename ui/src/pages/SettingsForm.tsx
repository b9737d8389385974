// The form of an activity's settings. What is typed lies over what the server has, member by member, so that the
// newest version can be loaded under it after a conflict and nothing that was typed is lost.
import { useRef, useState, type FormEvent } from 'react';
import { Anchor, Button, Group, Radio, Stack, TextInput } from '@mantine/core';
import { Link } from 'react-router-dom';
import type { ActivityObject, SubmissionAction } from '../api/client';
import { asApiError } from '../api/problem';
import { say } from '../parts/say';
import { ErrorNotice, Notice } from '../parts/states';
import { RequestPreview } from './RequestPreview';
import { useSaveSettings, type Values } from './useSaveSettings';
import { LeaveGuard } from './LeaveGuard';

const actions: { value: SubmissionAction; label: string; description: string }[] = [
  {
    value: 'redirect',
    label: 'Redirect',
    description: 'Send the person who logged it to a page, or let them stay.',
  },
  {
    value: 'trigger_webhook',
    label: 'Trigger Webhook',
    description: 'Tell another system that one was logged.',
  },
];

type Member = keyof Values;
type Errors = Partial<Record<Member, string>>;

export function SettingsForm({ object, etag }: { object: ActivityObject; etag: string }) {
  const [typed, setTyped] = useState<Partial<Values>>({});
  const [missing, setMissing] = useState<Errors>({});
  const form = useRef<HTMLFormElement>(null);
  const saved = valuesOf(object);
  const values = { ...saved, ...typed };
  const changed = changesOf(saved, values);
  const dirty = Object.keys(changed).length > 0;
  const saving = useSaveSettings(object, etag, () => setTyped({}));
  const errors = { ...saving.errors, ...missing };

  const type = <M extends Member>(member: M, value: Values[M]) => {
    setTyped({ ...typed, [member]: value });
    setMissing(without(missing, member));
    saving.forget(member);
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const lacking = lackingIn(values);
    setMissing(lacking);
    if (Object.keys(lacking).length > 0) focusFirst(form.current, lacking);
    else if (!dirty)
      say({ tone: 'good', title: 'Nothing has changed', text: 'What is shown here is what is saved.' });
    else if (!saving.busy) focusFirst(form.current, await saving.save(changed));
  };
  const text = (member: Exclude<Member, 'default_submission_action'>) => ({
    name: member,
    value: values[member],
    error: errors[member],
    onChange: (event: { currentTarget: { value: string } }) => type(member, event.currentTarget.value),
    inputWrapperOrder: ['label', 'description', 'input', 'error'] as const satisfies string[],
  });
  const theirs = (member: Member) => {
    const said = saving.theirs(member, typed[member]);
    return said && <span className="theirs">{said}</span>;
  };

  return (
    <form ref={form} onSubmit={submit} noValidate className="narrow-column">
      <LeaveGuard when={dirty} />
      <Stack gap="lg">
        <TextInput label="Name" maxLength={100} required {...text('name')} description={theirs('name')} />
        <Radio.Group
          label="Default Submission Action"
          description={theirs('default_submission_action') ?? 'What happens after one is logged.'}
          name="default_submission_action"
          value={values.default_submission_action}
          error={errors.default_submission_action}
          onChange={(value) => type('default_submission_action', value as SubmissionAction)}
        >
          <Stack gap="xs" mt="xs">
            {actions.map(({ value, label, description }) => (
              <div key={value} className="choice">
                <Radio value={value} label={label} description={description} />
              </div>
            ))}
          </Stack>
        </Radio.Group>
        {values.default_submission_action === 'trigger_webhook' ? (
          <>
            <TextInput
              label="Webhook URL"
              type="url"
              placeholder="https://example.com/hooks/herald"
              autoComplete="off"
              required
              {...text('webhook_url')}
              description={theirs('webhook_url') ?? 'http or https. A query string is kept as it is.'}
            />
            <RequestPreview url={values.webhook_url} />
          </>
        ) : (
          <TextInput
            label="Redirect URL"
            type="url"
            placeholder="https://example.com/next-step"
            autoComplete="off"
            {...text('redirect_url')}
            description={
              theirs('redirect_url') ??
              'Optional. Without it, people stay where they are. No webhook is sent.'
            }
          />
        )}
        <SaveProblem saving={saving} />
        <Group>
          <Button type="submit" loading={saving.busy}>
            Save
          </Button>
          <Anchor component={Link} to="/" size="sm">
            Back to Activities
          </Anchor>
          <span className="dim small">{dirty ? 'Not saved yet' : ''}</span>
        </Group>
      </Stack>
    </form>
  );
}

function SaveProblem({ saving }: { saving: ReturnType<typeof useSaveSettings> }) {
  if (saving.conflict) {
    return (
      <Notice tone="wait" title="These settings were changed by somebody else">
        Nothing was saved. Load the newest version: what you typed stays, and you see what the others changed.
        <div>
          <Button variant="default" size="xs" mt="xs" loading={saving.loading} onClick={saving.loadNewest}>
            Load the newest version
          </Button>
        </div>
      </Notice>
    );
  }
  const refusal = asApiError(saving.error);
  if (!saving.error || refusal?.isOnlyAbout(members.map((member) => `/${member}`))) return null;
  return <ErrorNotice title="Not saved" error={saving.error} />;
}

const members: Member[] = ['name', 'default_submission_action', 'webhook_url', 'redirect_url'];

function valuesOf(object: ActivityObject): Values {
  return {
    name: object.name,
    default_submission_action: object.default_submission_action,
    webhook_url: object.webhook_url ?? '',
    redirect_url: object.redirect_url ?? '',
  };
}

/** Of what can be seen in the form, that which differs. */
function changesOf(saved: Values, values: Values): Partial<Values> {
  const hidden = values.default_submission_action === 'redirect' ? 'webhook_url' : 'redirect_url';
  const differing = members.filter((member) => member !== hidden && values[member] !== saved[member]);
  return Object.fromEntries(differing.map((member) => [member, values[member]]));
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

function without(errors: Errors, member: Member): Errors {
  return { ...errors, [member]: undefined };
}

function focusFirst(form: HTMLFormElement | null, errors: Errors) {
  const first = members.find((member) => errors[member]);
  if (first) form?.querySelector<HTMLInputElement>(`input[name="${first}"]`)?.focus();
}

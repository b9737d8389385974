import type { ReactNode } from 'react';
import { Anchor, Button, Group, Radio, Stack, Textarea, TextInput } from '@mantine/core';
import { Link } from 'react-router-dom';
import type { ActivityObject, SubmissionAction } from '../api/client';
import { asApiError } from '../api/problem';
import { ErrorNotice, Notice } from '../parts/states';
import { LeaveGuard } from './LeaveGuard';
import { RequestPreview } from './RequestPreview';
import { members, type Member } from './useSaveSettings';
import { useSettings, type Settings } from './useSettings';

export function SettingsForm({ object, etag }: { object: ActivityObject; etag: string }) {
  const settings = useSettings(object, etag);
  const { form, values, dirty, saving, submit } = settings;
  return (
    <form ref={form} onSubmit={submit} noValidate className="narrow-column">
      <LeaveGuard when={dirty} />
      <Stack gap="lg">
        <TextInput label="Name" maxLength={100} required {...fieldOf(settings, 'name')} />
        <Textarea
          label="Description"
          autosize
          minRows={2}
          maxRows={8}
          maxLength={1000}
          {...fieldOf(settings, 'description', 'Optional. What it is for.')}
        />
        <Association object={object} />
        <ActionChoice settings={settings} />
        {values.default_submission_action === 'trigger_webhook' ? (
          <WebhookUrl settings={settings} />
        ) : (
          <RedirectUrl settings={settings} />
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

/** What an activity of this type is about; it is set through the API. */
function Association({ object }: { object: ActivityObject }) {
  const chosen = object.association_objects.length;
  const about = {
    none: 'no records',
    one_or_more: chosen
      ? `records of ${chosen} chosen ${chosen === 1 ? 'object' : 'objects'}`
      : 'any records',
    all: 'every record of one object',
  }[object.association_mode];
  return <div className="dim">One is about {about}.</div>;
}

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

function ActionChoice({ settings }: { settings: Settings }) {
  const { values, errors, type } = settings;
  return (
    <Radio.Group
      label="Default Submission Action"
      description={hintOf(settings, 'default_submission_action', 'What happens after one is logged.')}
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
  );
}

function WebhookUrl({ settings }: { settings: Settings }) {
  return (
    <>
      <TextInput
        label="Webhook URL"
        type="url"
        placeholder="https://example.com/hooks/herald"
        autoComplete="off"
        required
        {...fieldOf(settings, 'webhook_url', 'http or https. A query string is kept as it is.')}
      />
      <RequestPreview url={settings.values.webhook_url} />
    </>
  );
}

function RedirectUrl({ settings }: { settings: Settings }) {
  return (
    <TextInput
      label="Redirect URL"
      type="url"
      placeholder="https://example.com/next-step"
      autoComplete="off"
      {...fieldOf(
        settings,
        'redirect_url',
        'Optional. Without it, people stay where they are. No webhook is sent.',
      )}
    />
  );
}

/** What the text fields have in common. */
function fieldOf(
  settings: Settings,
  member: Exclude<Member, 'default_submission_action'>,
  description?: string,
) {
  return {
    name: member,
    value: settings.values[member],
    error: settings.errors[member],
    description: hintOf(settings, member, description),
    onChange: (event: { currentTarget: { value: string } }) =>
      settings.type(member, event.currentTarget.value),
  };
}

/** The description of a field; after a conflict, what somebody else has set it to. */
function hintOf(settings: Settings, member: Member, description?: string): ReactNode {
  const theirs = settings.theirs(member);
  return theirs ? <span className="theirs">{theirs}</span> : description;
}

function SaveProblem({ saving }: { saving: Settings['saving'] }) {
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

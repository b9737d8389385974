import { Text } from '@mantine/core';

/** The request that the server will send for this Webhook URL. */
export function RequestPreview({ url }: { url: string }) {
  return (
    <section aria-label="The request that will be sent">
      <Text size="sm" fw={600} mb={6}>
        For each one logged, Herald sends
      </Text>
      <RequestText url={url.trim()} id="…" />
      <Text size="sm" c="dimmed" mt={6}>
        It is a signal and carries no field data: the receiver fetches the record by this id, with its own
        permissions. Any 2xx answer counts as delivered; anything else is a failed delivery and makes a
        notification.
      </Text>
    </section>
  );
}

/** The wire request of a webhook, as the server writes it. */
export function RequestText({ url, id }: { url: string; id: string }) {
  const { host, target } = partsOf(url);
  return (
    <pre className="request">
      GET {target}
      <mark>logged_activity_id={id}</mark> HTTP/1.1{'\n'}
      Host: {host}
      {'\n'}
      Content-Type: application/json
    </pre>
  );
}

function partsOf(url: string): { host: string; target: string } {
  const parts = /^https?:\/\/([^/?#]+)([^?#]*)(\?[^#]*)?/i.exec(url);
  if (!parts) return { host: '…', target: '/…?' };
  const [, host = '', path = '', query = ''] = parts;
  return { host, target: `${path || '/'}${query ? `${query}&` : '?'}` };
}

// A list that is read page by page: its states, its rows that open, "Load more" and "Refresh".
import { useId, useState, type ReactNode } from 'react';
import { Button, Group, UnstyledButton } from '@mantine/core';
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import { ChevronRight, RefreshCw } from 'lucide-react';
import { ErrorNotice, ListSkeleton } from './states';

interface PageOf<Row> {
  results: Row[];
}

interface PagedListProps<Row> {
  /** Plural, in the middle of a sentence: "deliveries". */
  what: string;
  list: UseInfiniteQueryResult<InfiniteData<PageOf<Row>>>;
  empty: ReactNode;
  head: ReactNode;
  row: (row: Row) => ReactNode;
}

export function PagedList<Row>({ what, list, empty, head, row }: PagedListProps<Row>) {
  if (list.isPending) return <ListSkeleton label={`Loading ${what}`} />;
  if (!list.data) {
    return (
      <ErrorNotice title={`The ${what} could not be loaded`} error={list.error} onRetry={list.refetch} />
    );
  }
  const rows = list.data.pages.flatMap((page) => page.results);
  return (
    <>
      {list.isError && (
        <div style={{ marginBottom: '0.75rem' }}>
          <ErrorNotice
            title={`No newer ${what} could be loaded`}
            error={list.error}
            onRetry={list.isFetchNextPageError ? list.fetchNextPage : list.refetch}
          />
        </div>
      )}
      {rows.length === 0 ? (
        empty
      ) : (
        <div className="list-frame">
          <table className="list">
            <thead>{head}</thead>
            {rows.map(row)}
          </table>
        </div>
      )}
      {list.hasNextPage && (
        <Group justify="center" mt="md">
          <Button variant="default" loading={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
            Load more
          </Button>
        </Group>
      )}
    </>
  );
}

export function RefreshButton({ busy, onRefresh }: { busy: boolean; onRefresh: () => void }) {
  return (
    <Button
      variant="default"
      leftSection={<RefreshCw size={16} aria-hidden />}
      loading={busy}
      onClick={onRefresh}
    >
      Refresh
    </Button>
  );
}

interface OpeningRowProps {
  /** What the button of the first cell says. */
  title: ReactNode;
  /** Under the title on narrow screens, where the other cells are hidden. */
  subtitle?: ReactNode;
  /** The other cells. */
  children: ReactNode;
  columns: number;
  detail: () => ReactNode;
}

/** A row that opens to its details; a click anywhere in it does the same as its button. */
export function OpeningRow({ title, subtitle, children, columns, detail }: OpeningRowProps) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const flip = (target: EventTarget) => {
    if (target instanceof Element && target.closest('a, button')) return;
    if (!window.getSelection()?.toString()) setOpen(!open);
  };
  return (
    <tbody>
      {/* The button in the row is what the keyboard uses; the row itself is a larger target for the mouse. */}
      <tr className="goes" onClick={(event) => flip(event.target)}>
        <td>
          <UnstyledButton
            className="row-toggle"
            aria-expanded={open}
            aria-controls={open ? id : undefined}
            onClick={() => setOpen(!open)}
          >
            <ChevronRight size={16} aria-hidden />
            <span>{title}</span>
          </UnstyledButton>
          {subtitle && <div className="narrow-only dim">{subtitle}</div>}
        </td>
        {children}
      </tr>
      {open && (
        <tr className="detail" id={id}>
          <td colSpan={columns}>{detail()}</td>
        </tr>
      )}
    </tbody>
  );
}

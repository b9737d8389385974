// What every page stands in: theme, cache, routes, and the rule that a 401 anywhere leads to the sign-in page.
import { MantineProvider } from '@mantine/core';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createBrowserRouter, RouterProvider } from 'react-router-dom';
import { asApiError } from './api/problem';
import { Shell } from './layout/Shell';
import { Activities } from './pages/Activities';
import { ActivitySettings } from './pages/ActivitySettings';
import { Deliveries } from './pages/Deliveries';
import { LogActivity } from './pages/LogActivity';
import { NotFound } from './pages/NotFound';
import { Notifications } from './pages/Notifications';
import { RouteError } from './pages/RouteError';
import { SignIn } from './pages/SignIn';
import { Toasts } from './parts/Toasts';
import { styleNonce } from './nonce';
import { cssVariables, theme } from './theme';

const router = createBrowserRouter([
  { path: '/sign-in', element: <SignIn />, errorElement: <RouteError /> },
  {
    element: <Shell />,
    errorElement: <RouteError />,
    children: [
      { index: true, element: <Activities /> },
      { path: 'activities/:id', element: <ActivitySettings /> },
      { path: 'activities/:id/log', element: <LogActivity /> },
      { path: 'deliveries', element: <Deliveries /> },
      { path: 'notifications', element: <Notifications /> },
      { path: '*', element: <NotFound /> },
    ],
  },
]);

function leaveOn401(error: unknown) {
  if (asApiError(error)?.status !== 401 || window.location.pathname === '/sign-in') return;
  queryClient.clear();
  void router.navigate('/sign-in', { replace: true, state: { why: 'ended' } });
}

const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: leaveOn401 }),
  mutationCache: new MutationCache({ onError: leaveOn401 }),
  defaultOptions: {
    queries: {
      // Only what may pass by itself is tried again.
      retry: (failures, error) => [0, 503].includes(asApiError(error)?.status ?? -1) && failures < 2,
      retryDelay: 500,
      // The server is often on the same machine: being offline says nothing about it.
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

export function App() {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      getStyleNonce={() => styleNonce}
    >
      <QueryClientProvider client={queryClient}>
        <Toasts />
        <RouterProvider router={router} future={{ v7_startTransition: true }} />
      </QueryClientProvider>
    </MantineProvider>
  );
}

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { METHODS } from '../../src/common/config';
import { PACKAGE_NAME } from '../../src/common/names';
import { root } from '../../scripts/lib/paths.mjs';
import { type App, bootApp } from '../support/app';

interface Documentation extends Record<string, unknown> {
  openapi: string;
  paths: Record<string, { post: { responses: Record<string, unknown>; security: object[] } }>;
  components: { securitySchemes: Record<string, unknown> };
}

let app: App;

beforeAll(async () => {
  app = await bootApp();
});
afterAll(() => app?.remove());

describe("NocoBase's API documentation", () => {
  let documentation: Documentation;

  beforeAll(async () => {
    documentation = await app.api('GET', `swagger:get?ns=plugins/${PACKAGE_NAME}`);
  });

  it('is a valid OpenAPI document', async () => {
    expect(await new Validator().validate(structuredClone(documentation))).toEqual({ valid: true });
  });

  it('lists every status that a webhook responds with', () => {
    const statuses = Object.keys(documentation.paths['/webhook:trigger/{key}'].post.responses);
    expect(statuses).toEqual([
      '200',
      '202',
      '400',
      '401',
      '403',
      '404',
      '405',
      '408',
      '413',
      '415',
      '422',
      '429',
      '500',
      '503',
    ]);
  });

  it('lists every method that a webhook can accept, and every authentication method', () => {
    const operations = documentation.paths['/webhook:trigger/{key}'];
    expect(Object.keys(operations).sort()).toEqual([...METHODS].map((method) => method.toLowerCase()).sort());
    const ways = operations.post.security.flatMap((way) => Object.keys(way));
    expect(ways).toEqual(['WebhookBasic', 'WebhookToken', 'WebhookSignature', 'WebhookJwt']);
    // NocoBase adds its own.
    expect(Object.keys(documentation.components.securitySchemes)).toEqual(expect.arrayContaining(ways));
  });

  it('describes the action of the Parse button, which responds as described', async () => {
    expect(documentation.paths).toHaveProperty('/webhook:inferPaths');
    const call = (values: object) => app.api('POST', 'webhook:inferPaths', values);
    expect(await call({ sample: '{"a": 1, "b": {"c": 2}}', kind: 'json' })).toEqual({
      ok: true,
      paths: ['a', 'b', 'b.c'],
    });
    expect(await call({ sample: '{"a": }', kind: 'json' })).toMatchObject({
      ok: false,
      error: { code: 'JSON_UNEXPECTED_CHARACTER', line: 1, column: 7, offset: 6 },
    });
  });

  it('describes the other actions of the editor', () => {
    for (const action of ['diagnose', 'rejections', 'presets']) {
      expect(documentation.paths).toHaveProperty(`/webhook:${action}`);
    }
  });

  it('is listed by its title', async () => {
    const urls = await app.api<{ name: string }[]>('GET', 'swagger:getUrls');
    expect(urls.map((url) => url.name)).toContain('NocoBase API - Workflow: Webhook');
  });
});

describe('the translations', () => {
  it("cover the languages of NocoBase's own workflow plugin", () => {
    const files = (folder: string) =>
      readdirSync(join(root, folder))
        .filter((file) => file.endsWith('.json'))
        .sort();
    expect(files('src/locale')).toEqual(files('.nocobase/runtime/node_modules/@nocobase/plugin-workflow/dist/locale'));
  });
});

describe('the plugin manager', () => {
  it('shows the plugin in the language of the user, with its documentation, and as compatible', async () => {
    const about = async (locale: string) => {
      const response = await app.fetch('pm:list', {
        headers: { authorization: `Bearer ${await app.login()}`, 'x-locale': locale },
      });
      const { data } = (await response.json()) as { data: Record<string, unknown>[] };
      return data.find((plugin) => plugin.packageName === PACKAGE_NAME);
    };
    await app.api('POST', 'systemSettings:update?filterByTk=1', { enabledLanguages: ['en-US', 'zh-CN'] });
    expect(await about('en-US')).toMatchObject({
      displayName: 'Workflow: Webhook',
      enabled: true,
      isCompatible: true,
      homepage: expect.stringMatching(/^https:/),
    });
    expect(await about('zh-CN')).toMatchObject({ displayName: '工作流：Webhook' });
  });
});

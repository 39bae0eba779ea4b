import { Readable } from 'node:stream';
import type { Model } from '@nocobase/database';
import type PluginFileManagerServer from '@nocobase/plugin-file-manager';
import type { StorageModel } from '@nocobase/plugin-file-manager';
import type { Application } from '@nocobase/server';
import type { Reply, Upload, UploadedFile } from '../native';

/** NocoBase's collection of files. */
const COLLECTION = 'attachments';

/**
 * Most characters of a name in a storage. File systems take 255 bytes, a character may have four, and NocoBase adds a few
 * to keep names apart; the record's title is the whole name.
 */
const NAME_CHARACTERS = 50;

/** Most characters of a title: its column has no more. */
const TITLE_CHARACTERS = 255;

/** Why no file can be kept, whatever is sent: the webhook's configuration doesn't fit the app. */
export class FilesMisconfigured extends Error {}

/** Files that are kept, and what is known of each, as JSON texts in the order sent. */
export interface KeptFiles {
  records: string[];
  /** Removes them again. Never throws: what stays behind is in the log. */
  discard(): Promise<void>;
}

/** Keeps the files of events in NocoBase's file manager. */
export class FileKeeper {
  /** @param exclusively runs what writes to the database when nothing else of ours does */
  constructor(
    private readonly app: Application,
    private readonly exclusively: <T>(body: () => Promise<T>) => Promise<T>,
  ) {}

  /**
   * Keeps all files or none.
   *
   * @returns the refusal, where the storage doesn't take one of them
   * @throws FilesMisconfigured; and whatever the storage or the database says where they can't be kept now
   */
  async keep(upload: Upload): Promise<KeptFiles | Reply> {
    const manager = this.manager();
    const storage = await this.storage(manager, upload.storage);
    const { size, mimetype } = (storage.rules ?? {}) as { size?: number; mimetype?: string };
    const refused = upload.refuse(size, mimetype);
    if (refused) {
      return refused;
    }
    const records: Model[] = [];
    const discard = async () => {
      for (const record of records) {
        await this.remove(manager, storage, record);
      }
    };
    try {
      for (const file of upload.files()) {
        records.push(await this.keepOne(manager, storage, file));
      }
    } catch (error) {
      await discard();
      throw error;
    }
    return { records: records.map((record) => JSON.stringify(record)), discard };
  }

  private manager(): PluginFileManagerServer {
    const manager = this.app.pm.get('file-manager') as PluginFileManagerServer | undefined;
    if (!manager?.enabled) {
      throw new FilesMisconfigured('its files are to be kept, but the plugin "file-manager" is not enabled');
    }
    return manager;
  }

  // By itself the file manager takes the default storage for a name that there isn't.
  private async storage(manager: PluginFileManagerServer, name: string | null): Promise<StorageModel> {
    if (!manager.storagesCache.size) {
      await manager.loadStorages();
    }
    const storages = [...manager.storagesCache.values()];
    const found = storages.find((storage) => (name === null ? storage.default : storage.name === name));
    if (!found || !manager.storageTypes.get(found.type)) {
      const wanted = name === null ? 'a default storage' : `the storage "${name}"`;
      throw new FilesMisconfigured(`its files go to ${wanted} of the file manager, but there is none`);
    }
    return found;
  }

  /**
   * The way of NocoBase's own upload, with the bytes in memory as the stream; its `createFileRecord` would want a file on
   * disk under the sender's name, and knows no rules of a storage.
   */
  private async keepOne(
    manager: PluginFileManagerServer,
    storage: StorageModel,
    { filename, mimetype, detected, content }: UploadedFile,
  ): Promise<Model> {
    const Type = manager.storageTypes.get(storage.type);
    const type = new Type(storage);
    const file = {
      originalname: storedName(filename),
      // As in NocoBase: a storage with rules about types is told what the file is, not what its sender says.
      mimetype: storage.rules?.mimetype ? (detected ?? mimetype) : mimetype,
      size: content.length,
      stream: Readable.from([content]),
    };
    const info = await new Promise<object>((resolve, reject) => {
      type
        .make()
        ._handleFile({} as never, file as never, (error, stored) =>
          error ? reject(error as Error) : resolve(stored ?? {}),
        );
    });
    const data = { ...type.getFileData({ ...file, ...info }), title: title(filename), size: content.length };
    try {
      const create = () => this.app.db.getRepository(COLLECTION).create({ values: data });
      return (await this.exclusively(create)) as Model;
    } catch (error) {
      await type.delete([data]);
      throw error;
    }
  }

  private async remove(manager: PluginFileManagerServer, storage: StorageModel, record: Model): Promise<void> {
    try {
      // Such a storage keeps the files of records that are deleted; of this one nobody ever knew.
      if (storage.paranoid) {
        const Type = manager.storageTypes.get(storage.type);
        await new Type(storage).delete([record as never]);
      }
      const destroy = () => this.app.db.getRepository(COLLECTION).destroy({ filterByTk: record.get('id') as number });
      await this.exclusively(destroy);
    } catch (error) {
      this.app.logger.error(`webhooks: file ${record.get('id')} of an event that was not stored stays behind`, {
        error,
      });
    }
  }
}

/** A sender's name of a file as a storage may have it: short, and never empty. */
function storedName(filename: string): string {
  const dot = filename.lastIndexOf('.');
  const extension = dot > 0 && filename.length - dot <= NAME_CHARACTERS / 2 ? filename.slice(dot) : '';
  const base = filename.slice(0, filename.length - extension.length);
  return shortened(base, NAME_CHARACTERS - extension.length) + extension || 'file';
}

/** A file's name without its extension, as NocoBase's own upload has it. */
function title(filename: string): string {
  const dot = filename.lastIndexOf('.');
  return shortened(dot > 0 ? filename.slice(0, dot) : filename, TITLE_CHARACTERS);
}

// By characters and not by UTF-16 units, of which half a character may be left.
function shortened(text: string, characters: number): string {
  return [...text].slice(0, characters).join('');
}

import type { Model } from '@nocobase/database';
import type PluginFileManagerServer from '@nocobase/plugin-file-manager';
import type { StorageModel } from '@nocobase/plugin-file-manager';
import type { Application } from '@nocobase/server';
import type { Reply, Upload, UploadedFile } from '../native';
import { deleteFromStorage, saveInStorage } from '../nocobase/storageEngine';

/** NocoBase's collection of files. */
const COLLECTION = 'attachments';

/**
 * The most characters of a name in a storage. File systems allow 255 bytes, a character may have four, and NocoBase adds a few
 * to make names unique; the record's title is the whole name.
 */
const NAME_CHARACTERS = 50;

/** The most characters of a title: the length of its column. */
const TITLE_CHARACTERS = 255;

/** No file can be saved, whatever is sent: the webhook's configuration doesn't fit the app. */
export class FilesMisconfigured extends Error {}

/** Files that were saved. */
export interface SavedFiles {
  /** NocoBase's record of each file as JSON text, in the order in which they were sent. */
  records: string[];
  /** Deletes the files again. Never throws: files that remain are in the log. */
  discard(): Promise<void>;
}

/** Saves the files of events in NocoBase's file manager. */
export class FileUploads {
  /** @param exclusively runs what writes to the database when nothing else of ours does */
  constructor(
    private readonly app: Application,
    private readonly exclusively: <T>(body: () => Promise<T>) => Promise<T>,
  ) {}

  /**
   * Saves all files or none.
   *
   * @returns the rejection, if the storage doesn't accept one of them
   * @throws FilesMisconfigured; and the error of the storage or the database if they can't be saved now
   */
  async save(upload: Upload): Promise<SavedFiles | Reply> {
    const manager = this.manager();
    const storage = await this.storage(manager, upload.storage);
    const { size, mimetype } = (storage.rules ?? {}) as { size?: number; mimetype?: string };
    const rejected = upload.refuse(size, mimetype);
    if (rejected) {
      return rejected;
    }
    const records: Model[] = [];
    const discard = async () => {
      for (const record of records) {
        await this.remove(manager, storage, record);
      }
    };
    try {
      for (const file of upload.files()) {
        records.push(await this.saveOne(manager, storage, file));
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
      throw new FilesMisconfigured('its files are to be saved, but the plugin "file-manager" is not enabled');
    }
    return manager;
  }

  // The file manager itself would use the default storage for a name that doesn't exist.
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

  private async saveOne(
    manager: PluginFileManagerServer,
    storage: StorageModel,
    { filename, mimetype, detected, content }: UploadedFile,
  ): Promise<Model> {
    const saved = await saveInStorage(manager, storage, {
      originalname: storedName(filename),
      // As in NocoBase: a storage with rules about types gets the type that was detected, not the one that the sender claims.
      mimetype: storage.rules?.mimetype ? (detected ?? mimetype) : mimetype,
      content,
    });
    const data = { ...saved, title: title(filename), size: content.length };
    try {
      const create = () => this.app.db.getRepository(COLLECTION).create({ values: data });
      return (await this.exclusively(create)) as Model;
    } catch (error) {
      await deleteFromStorage(manager, storage, data);
      throw error;
    }
  }

  private async remove(manager: PluginFileManagerServer, storage: StorageModel, record: Model): Promise<void> {
    try {
      // Such a storage keeps the files of deleted records; this record was never visible to anybody.
      if (storage.paranoid) {
        await deleteFromStorage(manager, storage, record);
      }
      const destroy = () => this.app.db.getRepository(COLLECTION).destroy({ filterByTk: record.get('id') as number });
      await this.exclusively(destroy);
    } catch (error) {
      this.app.logger.error(`webhooks: file ${record.get('id')} of an event that was not stored could not be deleted`, {
        error,
      });
    }
  }
}

/** Returns a sender's name of a file as it is stored: short, and never empty. */
function storedName(filename: string): string {
  const dot = filename.lastIndexOf('.');
  const extension = dot > 0 && filename.length - dot <= NAME_CHARACTERS / 2 ? filename.slice(dot) : '';
  const base = filename.slice(0, filename.length - extension.length);
  return shortened(base, NAME_CHARACTERS - extension.length) + extension || 'file';
}

/** Returns a file's name without its extension, as NocoBase's own upload does. */
function title(filename: string): string {
  const dot = filename.lastIndexOf('.');
  return shortened(dot > 0 ? filename.slice(0, dot) : filename, TITLE_CHARACTERS);
}

// By characters and not by UTF-16 units, which could cut a character in half.
function shortened(text: string, characters: number): string {
  return [...text].slice(0, characters).join('');
}

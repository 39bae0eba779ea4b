import { SendOutlined } from '@ant-design/icons';
import { Instruction, type NodeAvailableContext } from '@nocobase/plugin-workflow/client-v2';
import type { ResponseConfig } from '../common/config';
import { RESPONSE_TYPE } from '../common/names';
import { tExpr } from './locale';
import { answersCaller } from './model/workflow';

/** The node that responds to the caller of a synchronous webhook and ends the workflow. */
export class ResponseInstruction extends Instruction {
  type = RESPONSE_TYPE;
  title = tExpr('Response');
  description = tExpr('Sends the HTTP response and ends the workflow.');
  group = 'extended';
  icon = (<SendOutlined />);
  end = true;

  FieldsetLoader = () => import('./forms/ResponseForm');
  ComponentLoader = () => import('./ResponseCard');

  createDefaultConfig(): ResponseConfig {
    return { statusCode: 200, headers: [], body: {} };
  }

  isAvailable({ engine, workflow }: NodeAvailableContext): boolean {
    return answersCaller(workflow, engine);
  }
}

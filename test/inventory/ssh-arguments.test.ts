import { expect } from "chai";
import { readSshArguments } from "../../src/inventory/ssh-arguments";

describe("readSshArguments", () => {
  const cases: readonly {
    readonly name: string;
    readonly text: string;
    readonly options: object;
    readonly ignored: readonly string[];
  }[] = [
    { name: "nothing", text: "", options: {}, ignored: [] },
    {
      name: "a configuration and a jump host, apart and together with their letters",
      text: "-F ssh_config -Jops@bastion",
      options: { configFile: "/site/ssh_config", jumpHost: "ops@bastion" },
      ignored: [],
    },
    {
      name: "settings in both of their forms, quoted",
      text: `-o ProxyJump=bastion -o "IdentityFile /keys/a b" -oPort=2222 -o 'User=ops'`,
      options: { jumpHost: "bastion", identityFile: "/keys/a b", port: "2222", user: "ops" },
      ignored: [],
    },
    {
      name: "what every connection of ours has anyway",
      text: "-o ControlMaster=auto -o ControlPersist=30m -o ConnectTimeout=100",
      options: {},
      ignored: [],
    },
    {
      name: "what is not followed, by name",
      text: `-o StrictHostKeyChecking=off -o ProxyCommand="ssh -W %h:%p bastion" -A -L 1:h:2`,
      options: {},
      ignored: ["-o StrictHostKeyChecking=off", "-o ProxyCommand=ssh -W %h:%p bastion", "-A", "-L 1:h:2"],
    },
  ];
  for (const { name, text, options, ignored } of cases) {
    it(`reads ${name}`, () => {
      expect(readSshArguments(text, "/site")).to.deep.equal({ options, ignored });
    });
  }

  it("leaves paths alone that do not start at the inventory's working directory", () => {
    expect(readSshArguments("-F ~/.ssh/lab -i /keys/id", "/site").options).to.deep.equal({
      configFile: "~/.ssh/lab",
      identityFile: "/keys/id",
    });
  });
});

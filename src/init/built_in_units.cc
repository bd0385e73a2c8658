// The units that every instance has.

#include "init/unit_store.h"

namespace holm::init {

// Targets of hardware and of early boot are reached from the start: the sandbox has its file systems and its
// network before this program runs. cloud-final is what cloud-init calls the stage that runs user data.
const std::vector<BuiltInUnit>& built_in_units() {
  static const std::vector<BuiltInUnit> kUnits = {
      {"default.target",
       "[Unit]\nDescription=Default\nRequires=multi-user.target\nAfter=multi-user.target\n"},
      {"graphical.target",
       "[Unit]\nDescription=Graphical Interface\nRequires=multi-user.target\n"
       "After=multi-user.target\n"},
      {"multi-user.target",
       "[Unit]\nDescription=Multi-User System\nRequires=basic.target\n"
       "After=basic.target network.target\nWants=network.target ssh.service\n"},
      {"basic.target",
       "[Unit]\nDescription=Basic System\nRequires=sysinit.target\nAfter=sysinit.target\n"
       "Wants=sockets.target timers.target paths.target\n"},
      {"sysinit.target",
       "[Unit]\nDescription=System Initialization\nWants=local-fs.target\nAfter=local-fs.target\n"},
      {"local-fs.target", "[Unit]\nDescription=Local File Systems\n"},
      {"remote-fs.target", "[Unit]\nDescription=Remote File Systems\n"},
      {"network-pre.target", "[Unit]\nDescription=Preparation for Network\n"},
      {"network.target", "[Unit]\nDescription=Network\nAfter=network-pre.target\n"},
      {"network-online.target", "[Unit]\nDescription=Network is Online\nAfter=network.target\n"},
      {"nss-lookup.target", "[Unit]\nDescription=Host and Network Name Lookups\n"},
      {"nss-user-lookup.target", "[Unit]\nDescription=User and Group Name Lookups\n"},
      {"time-set.target", "[Unit]\nDescription=System Time Set\n"},
      {"time-sync.target", "[Unit]\nDescription=System Time Synchronized\n"},
      {"syslog.target", "[Unit]\nDescription=Syslog\n"},
      {"rpcbind.target", "[Unit]\nDescription=RPC Port Mapper\n"},
      {"sockets.target", "[Unit]\nDescription=Socket Units\n"},
      {"timers.target", "[Unit]\nDescription=Timer Units\n"},
      {"paths.target", "[Unit]\nDescription=Path Units\n"},
      {"slices.target", "[Unit]\nDescription=Slice Units\n"},
      {"swap.target", "[Unit]\nDescription=Swaps\n"},
      {"getty.target", "[Unit]\nDescription=Login Prompts\n"},
      {"cloud-config.target", "[Unit]\nDescription=Cloud-config availability\n"},
      {"cloud-init.target", "[Unit]\nDescription=Cloud-init target\n"},
      // For whoever started the instance with a key pair; both users have its key, as from AWS's images.
      {"ssh.service",
       "[Unit]\nDescription=Secure Shell\nAfter=network.target\nConditionPathExists=/usr/sbin/dropbear\n"
       "ConditionFileNotEmpty=/root/.ssh/authorized_keys\n"
       "[Service]\nExecStartPre=/bin/mkdir -p -m 700 /etc/dropbear\n"
       "ExecStartPre=/bin/sh -c 'umask 077; test -d /home/ec2-user || cp -r /etc/skel /home/ec2-user; "
       "cd /home/ec2-user && mkdir -p .ssh && { grep -qxFf /root/.ssh/authorized_keys .ssh/authorized_keys "
       "2>/dev/null || cat /root/.ssh/authorized_keys >> .ssh/authorized_keys; }; "
       "chown -R ec2-user:ec2-user /home/ec2-user'\n"
       "ExecStart=/usr/sbin/dropbear -F -E -R -s\nRestart=on-failure\n"},
      {"cloud-final.service",
       "[Unit]\nDescription=Cloud-init: Final Stage\nWants=network-online.target\n"
       "After=network-online.target multi-user.target\n"
       "[Service]\nType=oneshot\nExecStart=/usr/lib/holm/holm-init "
       "cloud-final\nRemainAfterExit=yes\nTimeoutSec=0\n"
       "KillMode=process\nSyslogIdentifier=cloud-init\n"},
  };
  return kUnits;
}

}  // namespace holm::init

export PATH=/var/vcap/bosh/bin:/var/vcap/jobs/etcd/bin:$PATH

# a published port is reached, and listed
create --name ports --publish 18080:80
b vm exec ports -- sh -c 'echo hello >/tmp/index.html; cd /tmp; setsid python3 -m http.server 80 >/dev/null 2>&1 </dev/null &'
address=$(show ports address)
wait_for 120 "an answer on port 18080" sh -c "timeout 30 curl -s http://$address:18080/index.html | grep -q hello"
b vm ports ports | grep -w 80
b vm delete ports

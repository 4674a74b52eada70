// A member whose requests are read by Node's parser, llhttp, as strict as it comes. It answers 200 and remembers
// what it was asked, and what it could not read. A second server tells of both, and forgets them:
//   node llhttp_member.js READY_FILE      writes {"member": port, "report": port}
'use strict';
const fs = require('fs');
const http = require('http');

let requests = [];
let errors = [];

function answer(request, response) {
  const content = [];
  request.on('data', piece => content.push(piece));
  request.on('error', () => {}); // cut off by the proxy
  request.on('end', () => {
    requests.push({
      method: request.method,
      target: request.url,
      host: request.headers.host,
      hosts: request.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length,
      body: Buffer.concat(content).toString('latin1'),
    });
    response.end(request.url === '/next' ? 'next' : 'ok');
  });
}

const member = http.createServer({insecureHTTPParser: false, requireHostHeader: true}, answer);
member.on('checkContinue', (request, response) => {
  response.writeContinue();
  answer(request, response);
});
member.on('checkExpectation', answer);
member.on('clientError', (error, socket) => {
  errors.push({code: error.code, reason: String(error.reason), bytes: String(error.rawPacket)});
  socket.destroy();
});

const report = http.createServer((request, response) => {
  const text = JSON.stringify({requests, errors});
  requests = [];
  errors = [];
  response.end(text);
});

member.listen(0, '127.0.0.1', () => report.listen(0, '127.0.0.1', () => {
  const unfinished = process.argv[2] + '.unfinished';
  fs.writeFileSync(unfinished, JSON.stringify({member: member.address().port, report: report.address().port}));
  fs.renameSync(unfinished, process.argv[2]);
}));
process.on('SIGTERM', () => process.exit(0));

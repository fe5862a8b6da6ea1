// The shape of Node's "Introduction to Node.js" (https://nodejs.org/en/learn/getting-started/introduction-to-nodejs)
// with fetch as its page "Using the Fetch API" shows it.
import { createServer } from 'node:http';

const hostname = '127.0.0.1';
const port = process.env.PORT || 3000;

const server = createServer(async (req, res) => {
  if (req.url === '/health') {
    res.statusCode = 200;
    res.setHeader('Content-Type', 'text/plain');
    res.end('OK');
    return;
  }

  const match = req.url.match(/^\/orders\/(\d+)$/);
  if (!match) {
    res.statusCode = 404;
    res.end('Not Found');
    return;
  }

  try {
    const response = await fetch(`${process.env.INVENTORY_URL}/items/${match[1]}`);
    const item = await response.json();
    res.statusCode = 200;
    res.setHeader('Content-Type', 'application/json');
    res.end(JSON.stringify({ orderId: Number(match[1]), stock: item.stock }));
  } catch (error) {
    console.error(error);
    res.statusCode = 500;
    res.end('Internal Server Error');
  }
});

server.listen(port, hostname, () => {
  console.log(`Server running at http://${hostname}:${port}/`);
});

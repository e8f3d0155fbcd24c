// A TCP proxy that loses connections as networks do: all of them now, or WebSockets at random bytes drawn from a seed.
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace StockClient;

/// <summary>In front of one server. Every case has its own.</summary>
public sealed class CuttingProxy : IAsyncDisposable
{
    private const int BufferBytes = 16 * 1024;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Uri _target;
    private readonly Random _random;
    private readonly HashSet<Pair> _pairs = [];
    private readonly Task _accepting;
    private int _bytesMax;
    private int _cuts;

    public CuttingProxy(string target, int seed)
    {
        (_target, _random) = (new Uri(target), new Random(seed));
        _listener.Start();
        _accepting = Accept();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>Whether requests for a WebSocket are cut off.</summary>
    public volatile bool RefusesWebSockets;

    /// <summary>How many WebSockets have been cut.</summary>
    public int Cuts => Volatile.Read(ref _cuts);

    public void CutAll()
    {
        foreach (var pair in All())
        {
            pair.Cut();
        }
    }

    /// <summary>From now on each WebSocket, those that are open too, is cut within so many bytes of one direction.</summary>
    public void CutWithin(int bytesMax)
    {
        Volatile.Write(ref _bytesMax, bytesMax);
        foreach (var pair in All())
        {
            pair.Draw();
        }
    }

    public void StopCutting() => CutWithin(0);

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        CutAll();
        await _accepting;
    }

    private Pair[] All()
    {
        lock (_pairs)
        {
            return [.. _pairs];
        }
    }

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                var pair = new Pair(this, await _listener.AcceptSocketAsync());
                lock (_pairs)
                {
                    _pairs.Add(pair);
                }
                _ = pair.Run();
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // stopped
        }
    }

    /// <summary>A connection of the client, and the one to the server that belongs to it.</summary>
    private sealed class Pair(CuttingProxy proxy, Socket client)
    {
        private readonly Socket _server = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        private readonly long[] _left = [long.MaxValue, long.MaxValue]; // until the cut; up and down
        private bool _webSocket;
        private int _over;

        public async Task Run()
        {
            client.NoDelay = true;
            try
            {
                await _server.ConnectAsync(proxy._target.Host, proxy._target.Port);
                await Task.WhenAll(Pass(client, _server, 0), Pass(_server, client, 1));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // one of the two has gone, and so do both
            }
            End();
        }

        public void Draw()
        {
            lock (_left)
            {
                _left.AsSpan().Fill(long.MaxValue);
                if (_webSocket && Volatile.Read(ref proxy._bytesMax) is > 0 and var most)
                {
                    lock (proxy._random)
                    {
                        // 1 to 10 bytes as often as 1,000 to 10,000
                        _left[proxy._random.Next(2)] = (long)Math.Ceiling(Math.Pow(most, proxy._random.NextDouble()));
                    }
                }
            }
        }

        public void Cut()
        {
            if (_webSocket && Volatile.Read(ref _over) == 0)
            {
                Interlocked.Increment(ref proxy._cuts);
            }
            End();
        }

        private void End()
        {
            if (Interlocked.Exchange(ref _over, 1) == 1)
            {
                return;
            }
            lock (proxy._pairs)
            {
                proxy._pairs.Remove(this);
            }
            foreach (var socket in (Socket[])[client, _server])
            {
                socket.Close(timeout: 0); // a reset
            }
        }

        private async Task Pass(Socket from, Socket to, int direction)
        {
            var buffer = new byte[BufferBytes];
            while (await from.ReceiveAsync(buffer) is > 0 and var size)
            {
                if (direction == 1 && !_webSocket && Encoding.ASCII.GetString(buffer, 0, Math.Min(size, 12)) == "HTTP/1.1 101")
                {
                    await to.SendAsync(buffer.AsMemory(0, size));
                    _webSocket = true;
                    Draw();
                    continue;
                }
                if (proxy.RefusesWebSockets && direction == 0 && !_webSocket
                    && Encoding.ASCII.GetString(buffer, 0, size).Contains("Upgrade: websocket", StringComparison.OrdinalIgnoreCase))
                {
                    End();
                    return;
                }
                long left;
                lock (_left)
                {
                    left = _left[direction];
                    _left[direction] -= left == long.MaxValue ? 0 : size;
                }
                await to.SendAsync(buffer.AsMemory(0, (int)Math.Min(size, left)));
                if (size >= left)
                {
                    Cut();
                    return;
                }
            }
            to.Shutdown(SocketShutdown.Send);
        }
    }
}

// The least that a HubConnection needs below it: negotiate, one WebSocket, bytes in and out.
using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.WebSockets;
using System.Text.Json;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace StockClient;

/// <summary>Where a connection goes and what it brings along.</summary>
public sealed class HubEndPoint(Uri url) : EndPoint
{
    public Uri Url { get; } = url;
    public string? User { get; init; }
    public string? Token { get; init; }
}

/// <summary>Negotiates, then opens a WebSocket with the connection token.</summary>
public sealed class WebSocketConnectionFactory : IConnectionFactory
{
    private static readonly HttpClient Http = new();
    private WebSocketConnection? _last;

    /// <summary>Loses the TCP connection, as a network does.</summary>
    public void Cut() => _last!.Abort(new ConnectionAbortedException());

    public async ValueTask<ConnectionContext> ConnectAsync(EndPoint endPoint, CancellationToken cancel = default)
    {
        var target = (HubEndPoint)endPoint;
        using var request = new HttpRequestMessage(HttpMethod.Post, Append(target.Url, "/negotiate", "negotiateVersion=1"));
        foreach (var (name, value) in Headers(target))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        using var answer = await Http.SendAsync(request, cancel);
        answer.EnsureSuccessStatusCode();
        using var negotiated = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancel));
        var id = negotiated.RootElement.GetProperty("connectionId").GetString()!;
        var token = negotiated.RootElement.GetProperty("connectionToken").GetString()!;

        var socket = new ClientWebSocket();
        foreach (var (name, value) in Headers(target))
        {
            socket.Options.SetRequestHeader(name, value);
        }
        var place = new UriBuilder(Append(target.Url, "", $"id={token}")) { Scheme = "ws" };
        await socket.ConnectAsync(place.Uri, cancel);
        return _last = new WebSocketConnection(socket, id);
    }

    private static IEnumerable<(string Name, string Value)> Headers(HubEndPoint target)
    {
        if (target.User is not null)
        {
            yield return ("Super-Insecure-UserName", target.User);
        }
        if (target.Token is not null)
        {
            yield return ("Authorization", $"Bearer {target.Token}");
        }
    }

    private static Uri Append(Uri url, string path, string query)
    {
        var builder = new UriBuilder(url);
        builder.Path += path;
        builder.Query = builder.Query.Length > 1 ? $"{builder.Query[1..]}&{query}" : query;
        return builder.Uri;
    }
}

/// <summary>Two pipes over one WebSocket. A socket that ends without a close frame ends the input with its error.</summary>
public sealed class WebSocketConnection : ConnectionContext
{
    private const int ReadBytes = 16 * 1024;
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);
    private readonly ClientWebSocket _socket;
    private readonly Pipe _input = new();
    private readonly Pipe _output = new();
    private readonly Task _running;

    public WebSocketConnection(ClientWebSocket socket, string id)
    {
        _socket = socket;
        ConnectionId = id;
        Transport = new Duplex(_input.Reader, _output.Writer);
        _running = Task.WhenAll(Receive(), Send());
    }

    public override string ConnectionId { get; set; }
    public override IFeatureCollection Features { get; } = new FeatureCollection();
    public override IDictionary<object, object?> Items { get; set; } = new ConnectionItems();
    public override IDuplexPipe Transport { get; set; }

    public override void Abort(ConnectionAbortedException abortReason) => _socket.Abort();

    public override async ValueTask DisposeAsync()
    {
        await Transport.Output.CompleteAsync();
        await Transport.Input.CompleteAsync();
        await Task.WhenAny(_running, Task.Delay(CloseTimeout));
        _socket.Abort(); // nothing happens when it has closed
        await _running;
        _socket.Dispose();
    }

    private async Task Receive()
    {
        Exception? error = null;
        try
        {
            while (true)
            {
                var got = await _socket.ReceiveAsync(_input.Writer.GetMemory(ReadBytes), CancellationToken.None);
                if (got.MessageType == WebSocketMessageType.Close)
                {
                    break;
                }
                _input.Writer.Advance(got.Count);
                if ((await _input.Writer.FlushAsync()).IsCompleted)
                {
                    break;
                }
            }
        }
        catch (Exception e)
        {
            error = e; // the hub connection's
        }
        await _input.Writer.CompleteAsync(error);
        _output.Reader.CancelPendingRead();
    }

    private async Task Send()
    {
        try
        {
            while (true)
            {
                var read = await _output.Reader.ReadAsync();
                foreach (var part in read.Buffer)
                {
                    if (part.Length > 0)
                    {
                        await _socket.SendAsync(part, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
                    }
                }
                _output.Reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted || read.IsCanceled)
                {
                    break;
                }
            }
            if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
            }
        }
        catch (Exception)
        {
            _socket.Abort(); // Receive() tells the hub connection
        }
        await _output.Reader.CompleteAsync();
    }

    private sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;
        public PipeWriter Output => output;
    }
}

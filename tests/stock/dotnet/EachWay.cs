// What every combination of transport and protocol can do.
using System.Threading.Channels;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using static StockClient.Check;

namespace StockClient;

public sealed record Sample
{
    public string? Name { get; set; }
    public int Value { get; set; }
}

public sealed class ComplexObject
{
    public string? String { get; set; }
    public int[]? IntArray { get; set; }
    public byte[]? ByteArray { get; set; }
    public Guid Guid { get; set; }
    public DateTime DateTime { get; set; }

    public override string ToString() =>
        $"{String} {string.Join(' ', IntArray ?? [])} {Convert.ToHexString(ByteArray ?? [])} {Guid} {DateTime.ToUniversalTime():O}";
}

public sealed class EachWay(Cases cases, Way way)
{
    private const string Upon = "An error occurred on the server while streaming results. ";
    private static readonly string[] Texts =
        ["", "a", "\0\u001f \u007f", "line\r\nline", "\"quoted\" \\ / <b>'&'+", "äöü €", "日本語 😀", "\u2028\u2029", new('x', 30_000)];

    public void Add()
    {
        Case("invoke returns what the method does", Invoke);
        Case("members of every type pass both ways", Members);
        Case("errors are HubExceptions with the server's text", Errors);
        Case("send reaches the method, and 100 of them in order", Send);
        Case("streams give their items and end", Streams);
        Case("streams that fail throw after their items", FailingStreams);
        Case("a stream that is cancelled ends at the server", CancelledStream);
        Case("uploads arrive from IAsyncEnumerable and ChannelReader", Uploads);
        Case("an upload that throws, and one too few, fail the call", FailingUploads);
        Case("client results: a value, an error, none, too late", ClientResults);
        Case("groups and users are reached", GroupsAndUsers);
        Case("a token names the user", Token);
        Case("messages of 1 MB from the server arrive whole", LargeMessages);
        if (way.Transport != HttpTransportType.LongPolling) // there every answer to a poll is a sign of life
        {
            Case("a server that says nothing for too long is given up", ServerTimeout);
        }
        Case("stop is a graceful end at the server, and start begins anew", StopAndStart);
        Case("automatic reconnect: a cut connection comes back as another, and what ran fails", CutConnection);
        Case("automatic reconnect: a Close that allows it is followed by one", CloseThatAllowsIt);
        Case("automatic reconnect: a Close that does not allow it ends the connection", CloseThatDoesNot);
        Case("automatic reconnect: a server that stays away is given up", ServerStaysAway);
    }

    private void Case(string name, Func<Task> work) => cases.Add($"{way} / {name}", work);

    private Task<Hub> Start(string path, Wish? wish = null) => cases.Start(way, path, wish);

    private static string Unexpected(string method, string more) =>
        $"An unexpected error occurred invoking '{method}' on the server. {more}";

    private static string Failed(string method, string more) =>
        $"Failed to invoke '{method}' due to an error on the server. {more}";

    private async Task Invoke()
    {
        await using var hub = await Start("/conformance");
        foreach (var text in Texts)
        {
            Equal(text, await hub.Invoke<string>("Echo", text));
        }
        Equal(5, await hub.Invoke<int>("AddAsync", 2, 3));
        Equal(new Sample { Name = "ä", Value = -1 }, await hub.Invoke<Sample>("EchoSample", new Sample { Name = "ä", Value = -1 }));
        Equal(0.1, await hub.Invoke<double>("EchoDouble", 0.1));
        Equal(null, await hub.Invoke<string?>("Null"));
        await hub.Invoke("Void");
        Equal(hub.Id, await hub.Invoke<string>("getconnectionid"));
        Equal(way.Transport.ToString(), await hub.Invoke<string>("GetTransport"));
    }

    private async Task Members()
    {
        await using var hub = await Start("/testhub");
        var wanted = new ComplexObject
        {
            String = "hello world", IntArray = [1, 2, 3], ByteArray = [1, 2, 3],
            Guid = new Guid("00010203-0405-0607-0706-050403020100"), DateTime = new DateTime(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc),
        };
        Equal($"{wanted}", $"{await hub.Invoke<ComplexObject>("SendComplexObject")}");
        Equal($"{wanted}", $"{await hub.Invoke<ComplexObject>("EchoComplexObject", wanted)}");
        wanted.DateTime = wanted.DateTime.AddTicks(1_234_560);
        Equal($"{wanted}", $"{await hub.Invoke<ComplexObject>("EchoComplexObject", wanted)}");
    }

    private async Task Errors()
    {
        await using var hub = await Start("/testhub");
        var rows = new (string Method, object?[] Arguments, string Text)[]
        {
            ("ThrowException", ["An error occurred."], Unexpected("ThrowException", "InvalidOperationException: An error occurred.")),
            ("Nope", [], Failed("Nope", "HubException: Method does not exist.")),
            ("Echo", [], Failed("Echo", "InvalidDataException: Invocation provides 0 argument(s) but target expects 1.")),
            ("Echo", [1], Failed("Echo", "InvalidDataException: Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked.")),
            ("Stream", [], "The client attempted to invoke the streaming 'Stream' method with a non-streaming invocation."),
        };
        foreach (var (method, arguments, text) in rows)
        {
            Equal(text, (await Throws<HubException>(hub.Invoke<object>(method, arguments))).Message);
        }
        Equal("a", await hub.Invoke<string>("Echo", "a"));
    }

    private async Task Send()
    {
        await using var hub = await Start("/testhub", new Wish { Prepare = hub => hub.Collect<string>("Message") });
        for (var i = 0; i < 100; ++i)
        {
            await hub.Connection.SendAsync("InvokeWithString", $"{i}");
        }
        for (var i = 0; i < 100; ++i)
        {
            Equal($"{i}", await hub.Next<string>());
        }
    }

    private async Task Streams()
    {
        await using var hub = await Start("/conformance");
        Same(Enumerable.Range(0, 200), await hub.Connection.StreamAsync<int>("Count", 200).ToListAsync());
        var reader = await hub.Connection.StreamAsChannelAsync<int>("CountTask", 3);
        Same([0, 1, 2], await reader.ReadAllAsync().ToListAsync());
        Same([], await hub.Connection.StreamAsync<int>("StreamEmpty").ToListAsync());
    }

    private async Task FailingStreams()
    {
        await using var hub = await Start("/conformance");
        Same([0, 1, 2], await Failing(hub.Connection.StreamAsync<int>("CountThenThrow", 3, true), $"{Upon}HubException: stream failed"));
        Same([], await Failing(hub.Connection.StreamAsync<int>("StreamThrow", "early"), Unexpected("StreamThrow", "InvalidOperationException: early")));
        Same([], await Failing(hub.Connection.StreamAsync<int>("Echo", "a"),
            "The client attempted to invoke the non-streaming 'Echo' method with a streaming invocation."));
    }

    private async Task CancelledStream()
    {
        await using var hub = await Start("/conformance");
        var key = Cases.Unique("key");
        using var cancel = new CancellationTokenSource();
        await Throws<OperationCanceledException>(Task.Run(async () =>
        {
            await foreach (var item in hub.Connection.StreamAsync<string>("Endless", key, cancel.Token))
            {
                Equal("started", item);
                cancel.Cancel();
            }
            cancel.Token.ThrowIfCancellationRequested(); // the client ends a cancelled stream, with an exception or without
        }));
        Equal("cancelled", await hub.Invoke<string>("ReadNote", key));
    }

    private async Task Uploads()
    {
        await using var hub = await Start("/conformance");
        var numbers = Enumerable.Range(0, 1000).ToArray();
        Equal(numbers.Sum(), await hub.Invoke<int>("Sum", Upload(numbers)));
        Equal(numbers.Sum(), await hub.Invoke<int>("SumAsyncEnumerable", Reader(numbers)));
        // Not two in one call: the client disposes of what they share when the first of them has ended.
        Equal("abc", await hub.Invoke<string>("Concat", Reader(["a", "b", "c"])));
        var echo = hub.Connection.StreamAsync<string>("StreamEcho", Upload(["x", "y", "z"]));
        Same(["x", "y", "z"], await echo.ToListAsync());
    }

    private async Task FailingUploads()
    {
        await using var hub = await Start("/conformance");
        var error = await Throws<HubException>(hub.Invoke<int>("Sum", Broken()));
        Equal(Unexpected("Sum", "HubException: Stream errored by client: 'System.InvalidOperationException: broken"),
            error.Message.Split(" at ")[0].TrimEnd());
        error = await Throws<HubException>(hub.Invoke<int>("Sum"));
        Equal(Unexpected("Sum", "HubException: Client sent 0 stream(s), Hub method expects 1."), error.Message);
    }

    private async Task ClientResults()
    {
        await using var hub = await Start("/conformance");
        await using var other = await Start("/conformance");
        Task<string> Ask() => other.Invoke<string>("AskInt", hub.Id);
        Equal("HubException: Client didn't provide a result.", await Ask());
        using (hub.Connection.On("Result", () => 10))
        {
            Equal("value 10", await Ask());
            Equal(10, await hub.Invoke<int>("AskCaller"));
        }
        using (hub.Connection.On("Result", int () => throw new InvalidOperationException("from callback")))
        {
            Equal("HubException: from callback", await Ask());
        }
        using (hub.Connection.On("Result", (string question) => question + "?"))
        {
            Equal("value question?", await other.Invoke<string>("AskString", hub.Id));
        }
        var asked = new TaskCompletionSource();
        using (hub.Connection.On("Result", async () =>
        {
            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite);
            return 1;
        }))
        {
            var (gone, id) = (Ask(), hub.Id);
            await asked.Task;
            await hub.Connection.StopAsync();
            Equal($"IOException: Connection '{id}' disconnected.", await gone);
        }
    }

    private async Task GroupsAndUsers()
    {
        var (group, user) = (Cases.Unique("group"), Cases.Unique("user"));
        var wish = new Wish { User = user, Prepare = hub => hub.Collect<string>("Message") };
        await using var one = await Start("/broadcast", wish);
        await using var two = await Start("/broadcast", wish);
        await using var sender = await Start("/broadcast");
        Equal(user, await one.Invoke<string>("GetUserId"));
        await one.Invoke("Join", group);
        await sender.Invoke("SendGroup", group, "group");
        await sender.Invoke("SendUser", user, "user");
        Equal("group", await one.Next<string>());
        Equal("user", await one.Next<string>());
        Equal("user", await two.Next<string>());
        await one.Invoke("Leave", group);
        await sender.Invoke("SendGroup", group, "nobody");
        await sender.Invoke("SendClients", new[] { one.Id, "nobody" }, "last");
        Equal("last", await one.Next<string>());
    }

    private async Task Token()
    {
        using var http = new HttpClient();
        var token = await http.GetStringAsync($"{cases.Url}/generateJwtToken");
        await using var hub = await Start("/auth", new Wish { Token = token });
        Equal("testuser", await hub.Invoke<string>("GetUserId"));
        Equal("Failed to invoke 'AdminOnly' because user is unauthorized", (await Throws<HubException>(hub.Invoke<string>("AdminOnly"))).Message);
        Equal(true, (await Throws<HttpRequestException>(Start("/auth"))).Message.Contains("401"));
    }

    private async Task LargeMessages()
    {
        await using var hub = await Start("/conformance", new Wish { Prepare = hub => hub.Collect<int, string>("Fill", (_, text) => text.Length) });
        await hub.Invoke("Fill", 2, 1_000_000);
        Equal(1_000_000, await hub.Next<int>());
        Equal(1_000_000, await hub.Next<int>());
    }

    private async Task ServerTimeout()
    {
        await using var hub = await Start("/testhub", new Wish { Prepare = hub => hub.Connection.ServerTimeout = TimeSpan.FromMilliseconds(200) });
        Equal("Server timeout (200.00ms) elapsed without receiving a message from the server.", (await hub.Closed)?.Message);
    }

    private async Task StopAndStart()
    {
        await using var other = await Start("/conformance");
        var key = Cases.Unique("note");
        await using var hub = await Start($"/conformance?note={key}");
        var before = hub.Id;
        Task<string> Note() => other.Invoke<string>("ReadNote", key);
        Equal("connected", await Note());
        await hub.Connection.StopAsync();
        Equal(null, await hub.Closed);
        Equal("disconnected null", await Note());
        await hub.Connection.StartAsync();
        Equal("connected", await Note());
        NotEqual(before, hub.Id);
    }

    private async Task CutConnection()
    {
        await using var proxy = new CuttingProxy(cases.Url, 1);
        await using var hub = await Start("/conformance", new Wish { Reconnect = true, Through = proxy });
        var before = hub.Id;
        hub.Collect<string>("Entered");
        var waiting = hub.Invoke<string>("Wait", Cases.Unique("gate"), "a");
        Equal("a", await hub.Next<string>());
        proxy.CutAll();
        NotEqual(null, await hub.Reconnecting);
        await Throws<Exception>(waiting);
        var id = await hub.Reconnected;
        NotEqual(before, id);
        Equal(id, await hub.Invoke<string>("GetConnectionId"));
    }

    private async Task CloseThatAllowsIt()
    {
        await using var hub = await Start("/conformance", new Wish { Reconnect = true });
        await hub.Connection.SendAsync("Echo", new string('x', 40_000));
        Equal("The server closed the connection with the following error: Connection closed with an error. InvalidDataException: The maximum message size of 32768B was exceeded. The message size can be configured in AddHubOptions.",
            (await hub.Reconnecting)?.Message);
        await hub.Reconnected;
        Equal("a", await hub.Invoke<string>("Echo", "a"));
    }

    private async Task CloseThatDoesNot()
    {
        await using var hub = await Start("/conformance", new Wish { Reconnect = true });
        await hub.Connection.SendAsync("Abort");
        Equal(null, await hub.Closed);
        await using var refused = await Start("/conformance?onconnect=throw", new Wish { Reconnect = true });
        Equal("The server closed the connection with the following error: Connection closed with an error. InvalidOperationException: no entry",
            (await refused.Closed)?.Message);
    }

    private async Task ServerStaysAway()
    {
        var proxy = new CuttingProxy(cases.Url, 1);
        await using var hub = await Start("/conformance", new Wish { Reconnect = true, Through = proxy });
        Equal("a", await hub.Invoke<string>("Echo", "a")); // cut while it starts the client knows no reason
        await proxy.DisposeAsync();
        NotEqual(null, await hub.Reconnecting);
        Equal(true, (await hub.Closed)?.Message.StartsWith("Reconnect retries have been exhausted after 3 failed attempts"));
    }

    private static async IAsyncEnumerable<T> Upload<T>(T[] items)
    {
        foreach (var item in items)
        {
            await Task.Yield();
            yield return item;
        }
    }

    private static async IAsyncEnumerable<int> Broken()
    {
        yield return 1;
        await Task.Yield();
        throw new InvalidOperationException("broken");
    }

    private static ChannelReader<T> Reader<T>(T[] items)
    {
        var channel = Channel.CreateUnbounded<T>();
        foreach (var item in items)
        {
            channel.Writer.TryWrite(item);
        }
        channel.Writer.Complete();
        return channel.Reader;
    }
}

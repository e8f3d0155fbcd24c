// Stateful reconnect through a proxy that cuts WebSockets at random bytes: one connection for the server, every message
// once and in order both ways, however often the network fails.
using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.AspNetCore.SignalR.Client;
using static StockClient.Check;

namespace StockClient;

public sealed class StatefulReconnect(Cases cases, Way way)
{
    private const int CutsWanted = 20;
    private const int BytesMax = 30_000;
    private const int Running = 20; // calls without a result; the reference stops for good when its buffer is full of answers
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10); // leaves time for acknowledgements, once a second

    public void Add()
    {
        Case($"calls, sends, streams, uploads and client results survive {CutsWanted} cuts", ManyCuts);
        Case("one cut in the middle of nothing is not noticed, and groups last", OneCut);
        Case("without a way back it is an ordinary reconnect, as another connection", NoWayBack);
        Case("stop ends the connection at once", Stop);
    }

    private void Case(string name, Func<Task> work) => cases.Add($"{way} / stateful reconnect: {name}", work);

    /// <summary>A connection through the proxy, and one beside it that asks the server about it.</summary>
    private async Task<(Hub Hub, Hub Witness, string Key)> Start(CuttingProxy proxy)
    {
        var key = Cases.Unique("note");
        var hub = await cases.Start(way, $"/stateful?note={key}", new Wish { Stateful = true, Reconnect = true, Through = proxy });
        var witness = await cases.Start(way, "/stateful");
        Equal("connected", await witness.Invoke<string>("ReadNote", key));
        return (hub, witness, key);
    }

    /// <summary>The same connection still, and the server never saw another or its end.</summary>
    private static async Task Still(Hub hub, Hub witness, string key, string? id)
    {
        Equal(false, hub.Lost);
        Equal(id, hub.Id);
        Equal(id, await hub.Invoke<string>("GetConnectionId"));
        Equal(0, await witness.Invoke<int>("NotesLeft", key));
    }

    private async Task ManyCuts()
    {
        await using var proxy = new CuttingProxy(cases.Url, 1);
        var (hub, witness, key) = await Start(proxy);
        await using var a = hub;
        await using var b = witness;
        var id = hub.Id;
        var messages = new ConcurrentQueue<string>();
        var asked = 0;
        hub.Connection.On<string>("Message", messages.Enqueue);
        hub.Connection.On("Result", () => Interlocked.Increment(ref asked));
        var upload = Channel.CreateUnbounded<string>();
        var echoed = hub.Connection.StreamAsync<string>("StreamEcho", upload.Reader).ToListAsync().AsTask();
        var answers = new List<string>();
        using var asking = new CancellationTokenSource();
        var ask = Task.Run(async () =>
        {
            while (!asking.IsCancellationRequested)
            {
                answers.Add(await witness.Invoke<string>("AskInt", id));
                await Task.Delay(Pace);
            }
        });

        proxy.CutWithin(BytesMax);
        using var room = new SemaphoreSlim(Running);
        var calls = new List<Task>();
        for (var i = 0; proxy.Cuts < CutsWanted && !hub.Lost; ++i)
        {
            Equal(true, await room.WaitAsync(Cases.Patience));
            var call = hub.Invoke("SendCaller", $"message {i}");
            calls.Add(call.ContinueWith(done =>
            {
                room.Release();
                return done;
            }, TaskScheduler.Default).Unwrap());
            if (i % 3 == 0)
            {
                upload.Writer.TryWrite($"item {i}");
            }
            await Task.Delay(Pace);
        }
        proxy.StopCutting();
        Equal(false, hub.Lost);
        upload.Writer.Complete();
        await Task.WhenAll(calls);
        asking.Cancel();
        await ask;
        Same(Enumerable.Range(0, calls.Count).Where(i => i % 3 == 0).Select(i => $"item {i}"), await echoed.WaitAsync(Cases.Patience));
        Same(Enumerable.Range(0, calls.Count).Select(i => $"message {i}"), messages);
        Same(Enumerable.Range(1, answers.Count).Select(i => $"value {i}"), answers);
        Equal(answers.Count, asked);
        await Still(hub, witness, key, id);
    }

    private async Task OneCut()
    {
        await using var proxy = new CuttingProxy(cases.Url, 1);
        var (hub, witness, key) = await Start(proxy);
        await using var a = hub;
        await using var b = witness;
        var (id, group) = (hub.Id, Cases.Unique("group"));
        hub.Collect<string>("Message");
        await hub.Invoke("Join", group);
        proxy.CutAll();
        Equal(1, proxy.Cuts);
        await witness.Invoke("SendClient", id, "to it");
        await witness.Invoke("SendGroup", group, "to its group");
        Equal("to it", await hub.Next<string>());
        Equal("to its group", await hub.Next<string>());
        await Still(hub, witness, key, id);
    }

    private async Task NoWayBack()
    {
        await using var proxy = new CuttingProxy(cases.Url, 1);
        var (hub, witness, _) = await Start(proxy);
        await using var a = hub;
        await using var b = witness;
        var id = hub.Id;
        hub.Connection.Reconnecting += _ =>
        {
            proxy.RefusesWebSockets = false;
            return Task.CompletedTask;
        };
        proxy.RefusesWebSockets = true;
        proxy.CutAll();
        NotEqual(id, await hub.Reconnected);
        Equal(hub.Id, await hub.Invoke<string>("GetConnectionId"));
    }

    private async Task Stop()
    {
        await using var proxy = new CuttingProxy(cases.Url, 1);
        var (hub, witness, key) = await Start(proxy);
        await using var a = hub;
        await using var b = witness;
        await hub.Connection.StopAsync().WaitAsync(Cases.Patience);
        Equal("disconnected null", await witness.Invoke<string>("ReadNote", key));
    }
}

// The genuine .NET client against a test hub: stock-client URL. Prints `ok NAME` or `not ok NAME: why` for each case.
using System.Reflection;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using StockClient;

var url = args.Length == 1 ? args[0].TrimEnd('/') : throw new ArgumentException("usage: stock-client URL");
var version = typeof(HubConnection).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
var cases = new Cases(url);
Way[] ways =
[
    new(HttpTransportType.WebSockets, "json"), new(HttpTransportType.WebSockets, "messagepack"),
    new(HttpTransportType.ServerSentEvents, "json"),
    new(HttpTransportType.LongPolling, "json"), new(HttpTransportType.LongPolling, "messagepack"),
];
foreach (var way in ways)
{
    new EachWay(cases, way).Add();
    if (way.Transport == HttpTransportType.WebSockets)
    {
        new StatefulReconnect(cases, way).Add();
    }
}
return await cases.RunAll($"dotnet {version.Split('+')[0]}") ? 0 : 1;

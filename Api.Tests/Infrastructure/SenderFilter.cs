using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Api.Tests.Infrastructure;

/// <summary>Lets a request over the in-memory wire, which has no addresses, come from the one that it names.</summary>
internal sealed class SenderFilter : IStartupFilter
{
    public const string Header = "X-Test-Sender";

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, following) =>
        {
            if (context.Request.Headers[Header] is [{ } sender])
            {
                context.Connection.RemoteIpAddress = IPAddress.Parse(sender);
                context.Request.Headers.Remove(Header);
            }

            return following(context);
        });
        next(app);
    };
}

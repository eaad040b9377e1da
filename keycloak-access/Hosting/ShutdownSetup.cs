using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Hosting;

internal static class ShutdownSetup
{
    public static void AddShutdown(this WebApplicationBuilder builder)
    {
        builder.Services.AddSettings<ShutdownOptions>(ShutdownOptions.Section)
            .Validate(options => options.IsValid, "Shutdown:DrainFor must be from 00:00:00 to 00:05:00, as hh:mm:ss.");
        builder.Services.AddSingleton<Shutdown>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<Shutdown>());
        builder.Services.AddHealthChecks().AddCheck<Shutdown>(Shutdown.CheckName);
        builder.Services.AddOptions<HostOptions>().Configure<IOptions<ShutdownOptions>, IHostEnvironment>((host, options, environment) =>
            host.ShutdownTimeout = Shutdown.DrainFor(options.Value, environment) + Shutdown.StopFor);
        builder.Services.AddOptions<KestrelServerOptions>().Configure<IServiceProvider>((kestrel, services) =>
            kestrel.ConfigureEndpointDefaults(services.GetRequiredService<Shutdown>().Watch));
    }

    /// <summary>First of all: when the service ends, each answer closes its connection.</summary>
    public static void UseShutdown(this WebApplication app)
    {
        var shutdown = app.Services.GetRequiredService<Shutdown>();
        app.Use((context, next) => shutdown.CloseAfterAnswerAsync(context, next));
    }
}

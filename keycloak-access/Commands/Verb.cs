using System.CommandLine;

namespace KeycloakAccess.Commands;

/// <summary>A verb that does something with the parts of the service: its configuration, its database, its models.</summary>
internal sealed class Verb(string name, string description, Func<IServiceProvider, ParseResult, CancellationToken, Task<int>> run)
    : Command(name, description)
{
    /// <summary>Runs it, and says what stood in the way in one line.</summary>
    /// <param name="services">The service's parts. Nothing of the service has been started.</param>
    /// <param name="line">The command line that named it.</param>
    /// <param name="cancellationToken">A way to give up.</param>
    public Task<int> RunAsync(IServiceProvider services, ParseResult line, CancellationToken cancellationToken) =>
        run(services, line, cancellationToken);
}

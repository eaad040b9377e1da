namespace KeycloakRealm.Faults;

/// <summary>How often an endpoint of a realm was called, faults included.</summary>
/// <param name="Realm">The realm's name.</param>
/// <param name="Endpoint">The end of its address, as <see cref="Fault.Endpoint"/> names it.</param>
/// <param name="Calls">The number of calls, whatever came of them.</param>
public sealed record EndpointCalls(string Realm, string Endpoint, int Calls);

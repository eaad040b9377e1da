using KeycloakRealm;

return await CommandLine.RunAsync(args);

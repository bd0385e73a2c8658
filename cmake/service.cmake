function(service name)
endfunction()
